import { HttpError } from "fresh";
import { ownDecision } from "@/lib/labels/decision.ts";
import { labelerOf } from "@/lib/web/guard.tsx";
import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const labeler = labelerOf(ctx.state);
    const decision = await ctx.state.services.lease((store) =>
      ownDecision(store, labeler, ctx.params.id)
    );
    if (!decision) throw new HttpError(404, "You have no label with this id.");
    return ctx.json(decision);
  },
});
