import { page } from "fresh";
import { Navigation } from "@/components/Navigation.tsx";
import { readGuidelines } from "@/lib/labels/guidelines.ts";
import { renderMarkdown } from "@/lib/web/markdown.ts";
import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  async GET(ctx) {
    ctx.state.title = "Guidelines · codepref";
    const text = await ctx.state.services.lease(readGuidelines);
    return page({ html: renderMarkdown(text) });
  },
});

export default define.page<typeof handler>(({ data, state }) => (
  <main class="page">
    <Navigation current="/guidelines" role={state.role} />
    <article class="description" dangerouslySetInnerHTML={{ __html: data.html }} />
    {state.role === "admin" && (
      <p>
        <a href="/guidelines/edit">Edit</a>
      </p>
    )}
  </main>
));
