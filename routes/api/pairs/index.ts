import { readJson, textField } from "@/lib/web/body.ts";
import { labelerOf } from "@/lib/web/guard.tsx";
import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  async POST(ctx) {
    const labeler = labelerOf(ctx.state);
    const pair = textField(await readJson(ctx.req), "pair", 64);
    await ctx.state.services.labeling.saveDraft(labeler, pair);
    return ctx.json({ pair, stored: true });
  },
});
