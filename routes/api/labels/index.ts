import { saveLabel } from "@/lib/labels/save.ts";
import { readJson } from "@/lib/web/body.ts";
import { labelerOf } from "@/lib/web/guard.tsx";
import { labelRequest } from "@/lib/web/label-request.ts";
import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  async POST(ctx) {
    const { lease, secret } = ctx.state.services;
    const labeler = labelerOf(ctx.state);
    const request = labelRequest(await readJson(ctx.req));
    return ctx.json(await lease((store) => saveLabel(store, secret, labeler, request)));
  },
});
