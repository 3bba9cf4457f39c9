import { page } from "fresh";
import { Navigation } from "@/components/Navigation.tsx";
import { Paging } from "@/components/Paging.tsx";
import { ScrolledTable } from "@/components/ScrolledTable.tsx";
import { SearchFields } from "@/components/SearchFields.tsx";
import { listQuestions } from "@/lib/questions/question-list.ts";
import { PAGE_ROWS, pageNumber, queryText } from "@/lib/web/paging.ts";
import { define } from "@/lib/web/state.ts";
import { visibleText } from "@/lib/web/visible.ts";

const DIFFICULTIES = ["easy", "medium", "hard", "unknown"];

export const handler = define.handlers({
  async GET(ctx) {
    ctx.state.title = "Questions · codepref";
    const number = pageNumber(ctx.url);
    const query = {
      search: queryText(ctx.url, "search"),
      difficulty: queryText(ctx.url, "difficulty"),
      source: queryText(ctx.url, "source"),
    };
    const list = await ctx.state.services.lease((store) =>
      listQuestions(store, { ...query, limit: PAGE_ROWS, offset: PAGE_ROWS * (number - 1) })
    );
    return page({ number, query, list });
  },
});

export default define.page<typeof handler>(({ data: { number, query, list }, state }) => (
  <main class="page">
    <Navigation current="/questions" role={state.role} />
    <h1>Questions</h1>
    {state.role === "admin" && (
      <p>
        <a href="/questions/new">Add questions</a>, or import sets of them with{" "}
        <code>deno task import</code>.
      </p>
    )}
    <SearchFields
      search={query.search}
      choices={[
        { name: "difficulty", value: query.difficulty, options: DIFFICULTIES },
        { name: "source", value: query.source, options: list.sources },
      ]}
    />
    <ScrolledTable
      name="Questions"
      caption="Evaluation questions are never labeled. Verdicts rest on the tests."
      heads={["#Number", "Question", "Difficulty", "Source", "Topics", "#Tests", "#Pairs", "Split"]}
    >
      {list.questions.map((question) => (
        <tr key={question.slug}>
          <td class="number">{question.number}</td>
          <th scope="row">
            {question.split === "train"
              ? (
                <a href={`/?${new URLSearchParams({ question: question.slug })}`}>
                  {visibleText(question.title)}
                </a>
              )
              : visibleText(question.title)}
          </th>
          <td>
            <span class={`badge ${question.difficulty}`}>{visibleText(question.difficulty)}</span>
          </td>
          <td>{visibleText(question.source)}</td>
          <td>{visibleText(question.topics.join(", "))}</td>
          <td class="number">
            {question.tests}
            {question.unrunnable && <p class="muted">{visibleText(question.unrunnable)}</p>}
          </td>
          <td class="number">{question.pairs}</td>
          <td>{question.split === "train" ? "training" : "evaluation"}</td>
        </tr>
      ))}
    </ScrolledTable>
    <Paging total={list.total} page={number} query={query} what="questions" />
  </main>
));
