import { page } from "fresh";
import { Navigation } from "@/components/Navigation.tsx";
import { Paging } from "@/components/Paging.tsx";
import { ScrolledTable } from "@/components/ScrolledTable.tsx";
import { SearchFields } from "@/components/SearchFields.tsx";
import { listPairs, PAIR_STATES } from "@/lib/labels/pair-list.ts";
import { PAGE_ROWS, pageNumber, queryText } from "@/lib/web/paging.ts";
import { define } from "@/lib/web/state.ts";
import { visibleText } from "@/lib/web/visible.ts";

const STATES = PAIR_STATES.filter((state) => state !== "all");
const PREFERENCES: Record<string, string> = {
  version1: "version 1",
  version2: "version 2",
  same: "same",
  both_bad: "both bad",
};

export const handler = define.handlers({
  async GET(ctx) {
    const { labeler, services: { lease } } = ctx.state;
    if (labeler === undefined) return ctx.redirect("/");
    ctx.state.title = "Pairs · codepref";
    const number = pageNumber(ctx.url);
    const query = { search: queryText(ctx.url, "search"), state: queryText(ctx.url, "state") };
    const list = await lease((store) =>
      listPairs(store, labeler, {
        state: STATES.find((state) => state === query.state) ?? "all",
        search: query.search,
        limit: PAGE_ROWS,
        offset: PAGE_ROWS * (number - 1),
      })
    );
    return page({ number, query, list });
  },
});

export default define.page<typeof handler>(({ data: { number, query, list }, state }) => (
  <main class="page">
    <Navigation current="/pairs" role={state.role} />
    <h1>Pairs</h1>
    <p>
      What others said, and which models wrote a pair, is told once you have labeled it yourself.
    </p>
    <SearchFields
      search={query.search}
      choices={[{ name: "state", value: query.state, options: STATES }]}
    />
    <ScrolledTable
      name="Pairs"
      caption="Open: not decided by you. Disputed: labeled by you, and people disagree."
      heads={["Question", "Difficulty", "#Labels", "Yours", "Everybody's", "Models", "Pair"]}
    >
      {list.pairs.map(({ pair, title, difficulty, people, mine, preference, known }) => (
        <tr key={pair}>
          <th scope="row">{visibleText(title)}</th>
          <td>
            <span class={`badge ${difficulty}`}>{visibleText(difficulty)}</span>
          </td>
          <td class="number">{people}</td>
          <td>
            {mine === null ? "open" : mine === "skip" ? "skipped" : PREFERENCES[preference ?? ""]}
          </td>
          <td>
            {known
              ? Object.entries(PREFERENCES)
                .map(([key, name]) =>
                  [known[key as "same"], name] as const
                )
                .filter(([count]) => count > 0)
                .map(([count, name]) =>
                  `${count} ${name}`
                ).join(", ")
              : "–"}
          </td>
          <td>
            {known ? visibleText(`1: ${known.model1}, 2: ${known.model2}`) : "hidden"}
          </td>
          <td>
            <a href={`/?${new URLSearchParams({ pair })}`} aria-label={`Look at ${pair}`}>look</a>
          </td>
        </tr>
      ))}
    </ScrolledTable>
    <Paging total={list.total} page={number} query={query} what="pairs" />
  </main>
));
