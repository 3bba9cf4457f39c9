import { page } from "fresh";
import { Practice } from "@/islands/Practice.tsx";
import { practiceState } from "@/lib/labels/practice.ts";
import { shownPractice } from "@/lib/web/shown.ts";
import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const { services: { labeling: { secret }, lease, practice: count }, labeler } = ctx.state;
    if (labeler === undefined) return ctx.redirect("/");
    ctx.state.title = "Practice · codepref";
    const state = await lease((store) => practiceState(store, { secret, labeler, count }));
    return page({ labeler, practice: shownPractice(state) });
  },
});

export default define.page<typeof handler>(({ data, state }) => (
  <Practice initial={data.practice} labeler={data.labeler} role={state.role} />
));
