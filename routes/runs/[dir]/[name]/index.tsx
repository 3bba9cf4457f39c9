import { page } from "fresh";
import { Navigation } from "@/components/Navigation.tsx";
import { LiveRun } from "@/islands/LiveRun.tsx";
import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const { dir, name } = ctx.params;
    const view = await ctx.state.services.runs.view(dir, name);
    ctx.state.title = `${view.name} · codepref`;
    return page(view);
  },
});

export default define.page<typeof handler>(({ data, state }) => (
  <main class="page">
    <Navigation role={state.role} />
    <h1>{data.name}</h1>
    <noscript>
      <p>Without JavaScript this page stays as it is; load it again to see what is new.</p>
    </noscript>
    <LiveRun initial={data} />
  </main>
));
