import { page } from "fresh";
import { Navigation } from "@/components/Navigation.tsx";
import { LiveRuns } from "@/islands/LiveRuns.tsx";
import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  async GET(ctx) {
    ctx.state.title = "Training runs · codepref";
    return page(await ctx.state.services.runs.list());
  },
});

export default define.page<typeof handler>(({ data, state }) => (
  <main class="page">
    <Navigation current="/runs" role={state.role} />
    <h1>Training runs</h1>
    <noscript>
      <p>Without JavaScript this page stays as it is; load it again to see what is new.</p>
    </noscript>
    <LiveRuns initial={data} />
  </main>
));
