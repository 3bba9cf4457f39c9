import { labelerOf } from "@/lib/web/guard.tsx";
import { shownItem } from "@/lib/web/shown.ts";
import { define } from "@/lib/web/state.ts";
import { wantedItem } from "@/lib/web/wanted.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const { labeling } = ctx.state.services;
    const item = await labeling.item(labelerOf(ctx.state), wantedItem(ctx.url));
    return ctx.json(ctx.url.searchParams.get("render") === "html" ? shownItem(item) : item);
  },
});
