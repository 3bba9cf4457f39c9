import { page } from "fresh";
import { Navigation } from "@/components/Navigation.tsx";
import { Publisher } from "@/islands/Publisher.tsx";
import { requireAdmin } from "@/lib/web/guard.tsx";
import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  async GET(ctx) {
    requireAdmin(ctx.state);
    ctx.state.title = "Datasets · codepref";
    return page({ revisions: await ctx.state.services.datasets.revisions() });
  },
});

export default define.page<typeof handler>(({ data, state }) => (
  <main class="page">
    <Navigation current="/datasets" role={state.role} />
    <h1>Datasets</h1>
    <p>
      What the labels say becomes a dataset: a folder that training and Python's{" "}
      <code>datasets</code> read, and, where you like, a repository of the Hugging Face hub.
    </p>
    <noscript>
      <p>
        Publishing from this page needs JavaScript; <code>deno task publish</code> does the same.
      </p>
    </noscript>
    <Publisher initial={data.revisions} />
  </main>
));
