import { HttpError } from "fresh";
import { readJson, textField } from "@/lib/web/body.ts";
import { labelerOf } from "@/lib/web/guard.tsx";
import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  async POST(ctx) {
    const labeler = labelerOf(ctx.state), body = await readJson(ctx.req);
    const side = textField(body, "side", 1);
    if (side !== "a" && side !== "b") throw new HttpError(400, 'side has to be "a" or "b".');
    return ctx.json(
      await ctx.state.services.runTests({ labeler, pair: textField(body, "pair", 64), side }),
    );
  },
});
