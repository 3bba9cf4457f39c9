import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  GET: async (ctx) => ctx.json(await ctx.state.services.runs.list()),
});
