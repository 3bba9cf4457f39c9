import { HttpError, page } from "fresh";
import { Navigation } from "@/components/Navigation.tsx";
import { OpinionTable } from "@/components/OpinionTable.tsx";
import { SettleForm } from "@/components/SettleForm.tsx";
import { addGold, GOLD_ANSWERS, removeGold } from "@/lib/labels/gold.ts";
import { readOpinions } from "@/lib/labels/opinions.ts";
import { readForm } from "@/lib/web/body.ts";
import { requireAdmin } from "@/lib/web/guard.tsx";
import { highlightPython } from "@/lib/web/highlight.ts";
import { renderMarkdown } from "@/lib/web/markdown.ts";
import { queryText } from "@/lib/web/paging.ts";
import { define } from "@/lib/web/state.ts";
import { visibleText } from "@/lib/web/visible.ts";

const LONGEST_NOTE = 2_000;

export const handler = define.handlers({
  async GET(ctx) {
    requireAdmin(ctx.state);
    ctx.state.title = "Settle a disagreement · codepref";
    const pair = queryText(ctx.url, "pair");
    return page(await ctx.state.services.lease((store) => readOpinions(store, pair)));
  },
  async POST(ctx) {
    requireAdmin(ctx.state);
    const pair = queryText(ctx.url, "pair");
    const { preference: answer, note = "" } = await readForm(ctx.req);
    const preference = GOLD_ANSWERS.find((known) => known === answer);
    if (!preference && answer !== "open") {
      throw new HttpError(400, `Choose an answer: ${[...GOLD_ANSWERS, "open"].join(", ")}.`);
    }
    if (note.length > LONGEST_NOTE) {
      throw new HttpError(400, `The note is longer than ${LONGEST_NOTE} characters.`);
    }
    await ctx.state.services.lease((store) =>
      preference
        ? addGold(store, { pair, preference, note: note.trim() || null })
        : removeGold(store, pair)
    );
    return ctx.redirect("/quality", 303);
  },
});

export default define.page<typeof handler>(({ data, state }) => (
  <main class="page">
    <Navigation current="/quality" role={state.role} />
    <h1>Settle: {visibleText(data.title)}</h1>
    <details>
      <summary>The question</summary>
      <div
        class="description"
        dangerouslySetInnerHTML={{ __html: renderMarkdown(data.description) }}
      />
    </details>
    <div class="versions">
      {([["Version 1", data.code1, data.tests1], ["Version 2", data.code2, data.tests2]] as const)
        .map(([name, code, tests]) => (
          <section key={name} aria-label={name}>
            <h2>{name}</h2>
            <p class="muted">Unit tests: {tests ?? "not run"}</p>
            <pre
              tabIndex={0}
              aria-label={`Code of ${name.toLowerCase()}`}
              role="group"
            ><code dangerouslySetInnerHTML={{ __html: highlightPython(code) }} /></pre>
          </section>
        ))}
    </div>
    <OpinionTable opinions={data.opinions} />
    <SettleForm gold={data.gold} longestNote={LONGEST_NOTE} />
  </main>
));
