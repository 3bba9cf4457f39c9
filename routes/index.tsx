import { signal } from "@preact/signals";
import { page } from "fresh";
import { NamePage } from "@/components/NamePage.tsx";
import { SideBar } from "@/islands/SideBar.tsx";
import { Workbench } from "@/islands/Workbench.tsx";
import { readInstruction, TWO_SOLUTIONS_INSTRUCTION } from "@/lib/generation/instruction.ts";
import { labelingItem } from "@/lib/labels/item.ts";
import { shownItem } from "@/lib/web/shown.ts";
import { define } from "@/lib/web/state.ts";
import { wantedItem } from "@/lib/web/wanted.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const { services: { lease, secret }, labeler } = ctx.state;
    if (labeler === undefined) return page(null);
    return page(
      await lease(async (store) => ({
        labeler,
        item: shownItem(await labelingItem(store, secret, labeler, wantedItem(ctx.url))),
        instruction: await readInstruction(store),
      })),
    );
  },
});

export default define.page<typeof handler>(({ data }) => {
  if (!data) return <NamePage />;
  const current = signal(data.item);
  return (
    <div class="app">
      <SideBar current={current} labeler={data.labeler} />
      <Workbench
        current={current}
        instruction={data.instruction}
        original={TWO_SOLUTIONS_INSTRUCTION}
      />
    </div>
  );
});
