import { signal } from "@preact/signals";
import { page } from "fresh";
import { NamePage } from "@/components/NamePage.tsx";
import { SideBar } from "@/islands/SideBar.tsx";
import { Workbench } from "@/islands/Workbench.tsx";
import { readInstruction, TWO_SOLUTIONS_INSTRUCTION } from "@/lib/generation/instruction.ts";
import { practiceState } from "@/lib/labels/practice.ts";
import { mayGenerate } from "@/lib/web/guard.tsx";
import { shownItem } from "@/lib/web/shown.ts";
import { define } from "@/lib/web/state.ts";
import { wantedItem } from "@/lib/web/wanted.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const { services: { labeling, lease, practice: count }, labeler } = ctx.state;
    if (labeler === undefined) return page(null);
    if (count > 0 && ctx.url.search === "" && !labeling.hasDecided(labeler)) {
      const { secret } = labeling;
      const { next } = await lease((store) => practiceState(store, { secret, labeler, count }));
      if (next) return ctx.redirect("/practice");
    }
    return page({
      labeler,
      item: shownItem(await labeling.item(labeler, wantedItem(ctx.url))),
      instruction: await lease(readInstruction),
      refusal: mayGenerate(ctx.state),
    });
  },
});

export default define.page<typeof handler>(({ data, state }) => {
  if (!data) return <NamePage />;
  const current = signal(data.item);
  return (
    <div class="app">
      <SideBar
        current={current}
        labeler={data.labeler}
        role={state.role}
        instruction={data.instruction}
        original={TWO_SOLUTIONS_INSTRUCTION}
        refusal={data.refusal}
      />
      <Workbench
        current={current}
        labeler={data.labeler}
        generates={data.refusal === null}
      />
    </div>
  );
});
