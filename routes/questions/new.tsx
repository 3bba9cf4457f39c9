import { page } from "fresh";
import { Navigation } from "@/components/Navigation.tsx";
import { QuestionForms } from "@/components/QuestionForms.tsx";
import { InputError } from "@/lib/errors.ts";
import { addOwnQuestions, jsonLines, slugOf, testLines } from "@/lib/questions/own.ts";
import { importedLine } from "@/lib/questions/import.ts";
import { readForm } from "@/lib/web/body.ts";
import { requireAdmin } from "@/lib/web/guard.tsx";
import { define } from "@/lib/web/state.ts";
import type { Store } from "@/lib/store/store.ts";

const LARGEST_BYTES = 8 * 1024 * 1024;

export const handler = define.handlers({
  GET(ctx) {
    requireAdmin(ctx.state);
    ctx.state.title = "Add questions · codepref";
    return page({ fields: {} as Record<string, string>, error: "", done: "" });
  },
  async POST(ctx) {
    requireAdmin(ctx.state);
    ctx.state.title = "Add questions · codepref";
    const fields = await readForm(ctx.req, LARGEST_BYTES);
    try {
      const done = await ctx.state.services.lease((store) => add(store, fields));
      return page({ fields: {} as Record<string, string>, error: "", done });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return page({ fields, error: error.message, done: "" }, { status: 400 });
    }
  },
});

/** One question, or lines of JSON. @returns what was done */
async function add(store: Store, fields: Record<string, string>): Promise<string> {
  if (fields.title === undefined) {
    const questions = jsonLines(`${fields.lines ?? ""}\n${fields.file ?? ""}`);
    if (questions.length === 0) throw new InputError("Choose a file or paste lines of JSON.");
    return importedLine(await addOwnQuestions(store, questions));
  }
  const { title, topics = "", tests = "", redistributable, examples = "", ...texts } = fields;
  const slug = slugOf(title);
  const known = await store.row("SELECT 1 FROM questions WHERE slug = $1", [slug]);
  if (known) throw new InputError(`There is a question ${slug} already; choose another title.`);
  await addOwnQuestions(store, [{
    ...texts,
    title,
    examples: examples.split(/\n\s*\n/).map((text) => text.trim()).filter((text) => text !== ""),
    topics: topics.split(",").map((topic) => topic.trim()).filter((topic) => topic !== ""),
    tests: testLines(tests),
    redistributable: redistributable === "yes",
  }]);
  return `Added ${slug}.`;
}

export default define.page<typeof handler>(({ data, state }) => (
  <main class="page">
    <Navigation role={state.role} />
    <h1>Add questions</h1>
    {data.done && <p class="saved" role="status">{data.done}</p>}
    {data.error && <p class="failed" role="alert">{data.error}</p>}
    <QuestionForms fields={data.fields} />
  </main>
));
