import { HttpError, page } from "fresh";
import { Navigation } from "@/components/Navigation.tsx";
import { readGuidelines, writeGuidelines } from "@/lib/labels/guidelines.ts";
import { readForm } from "@/lib/web/body.ts";
import { requireAdmin } from "@/lib/web/guard.tsx";
import { define } from "@/lib/web/state.ts";

const LONGEST = 50_000;

export const handler = define.handlers({
  async GET(ctx) {
    requireAdmin(ctx.state);
    ctx.state.title = "Edit the guidelines · codepref";
    return page({ text: await ctx.state.services.lease(readGuidelines) });
  },
  async POST(ctx) {
    requireAdmin(ctx.state);
    const { text = "" } = await readForm(ctx.req, 4 * LONGEST);
    if (text.length > LONGEST) {
      throw new HttpError(400, `The guidelines are longer than ${LONGEST} characters.`);
    }
    await ctx.state.services.lease((store) =>
      writeGuidelines(store, text.replaceAll("\r\n", "\n"))
    );
    return ctx.redirect("/guidelines", 303);
  },
});

export default define.page<typeof handler>(({ data, state }) => (
  <main class="page">
    <Navigation role={state.role} />
    <h1>Edit the guidelines</h1>
    <form method="post" class="form">
      <label>
        Markdown; an empty text brings the first guidelines back
        <textarea name="text" rows={24} maxLength={LONGEST} value={data.text} />
      </label>
      <button type="submit" class="primary">Save</button>
    </form>
  </main>
));
