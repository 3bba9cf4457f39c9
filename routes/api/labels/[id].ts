import { HttpError } from "fresh";
import { suggestionsAfter } from "@/lib/labels/suggestions.ts";
import { labelerOf } from "@/lib/web/guard.tsx";
import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const labeler = labelerOf(ctx.state);
    const decision = await ctx.state.services.labeling.decision(labeler, ctx.params.id);
    if (!decision) throw new HttpError(404, "You have no label with this id.");
    // Who has this decision has decided: from here on suggestions cannot sway it.
    const suggestions = await ctx.state.services.lease((store) =>
      suggestionsAfter(store, decision.id)
    );
    return ctx.json({ ...decision, suggestions });
  },
});
