import { define } from "@/lib/web/state.ts";

/** The report as training wrote it: a document of its own, which may show its own style and do nothing. */
export const handler = define.handlers({
  async GET(ctx) {
    const html = await ctx.state.services.runs.report(ctx.params.dir, ctx.params.name);
    ctx.state.ownStyle = html.match(/<style>([^]*?)<\/style>/)?.[1] ?? "";
    return ctx.html(html);
  },
});
