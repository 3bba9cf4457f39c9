import { API } from "@/lib/web/api-list.ts";
import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  GET: (ctx) => ctx.json(API),
});
