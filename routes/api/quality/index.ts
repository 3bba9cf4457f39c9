import { requireAdmin } from "@/lib/web/guard.tsx";
import { qualityView } from "@/lib/web/quality.ts";
import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  async GET(ctx) {
    requireAdmin(ctx.state);
    const { quality, figures } = await qualityView(ctx.state.services.lease);
    return ctx.json({ ...quality, figures: figures.map(({ name, title }) => ({ name, title })) });
  },
});
