import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const view = await ctx.state.services.runs.view(ctx.params.dir, ctx.params.name);
    if (ctx.url.searchParams.get("version") !== view.version) return ctx.json(view);
    return new Response(null, { status: 204 });
  },
});
