import { labelingItem } from "@/lib/labels/item.ts";
import { labelerOf } from "@/lib/web/guard.tsx";
import { shownItem } from "@/lib/web/shown.ts";
import { define } from "@/lib/web/state.ts";
import { wantedItem } from "@/lib/web/wanted.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const { lease, secret } = ctx.state.services;
    const labeler = labelerOf(ctx.state);
    const item = await lease((store) => labelingItem(store, secret, labeler, wantedItem(ctx.url)));
    return ctx.json(ctx.url.searchParams.get("render") === "html" ? shownItem(item) : item);
  },
});
