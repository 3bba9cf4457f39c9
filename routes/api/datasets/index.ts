import { readJson } from "@/lib/web/body.ts";
import type { DatasetEvent } from "@/lib/web/datasets.ts";
import { eventLines } from "@/lib/web/event-lines.ts";
import { requireAdmin } from "@/lib/web/guard.tsx";
import { readPublishRequest } from "@/lib/web/publish-request.ts";
import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  async GET(ctx) {
    requireAdmin(ctx.state);
    return ctx.json({ revisions: await ctx.state.services.datasets.revisions() });
  },
  async POST(ctx) {
    requireAdmin(ctx.state);
    const request = readPublishRequest(await readJson(ctx.req));
    return eventLines<DatasetEvent>(
      (send, signal) => ctx.state.services.datasets.publish(request, send, signal),
      "Publishing failed; the server's terminal says why.",
    );
  },
});
