import { ScrolledTable } from "@/components/ScrolledTable.tsx";
import type { Opinion } from "@/lib/labels/opinions.ts";
import { visibleText } from "@/lib/web/visible.ts";

/** `version1` as people read it. */
const inWords = (verdict: string | null) =>
  verdict?.replace("version", "version ").replace("_", " ") ?? "–";

/** What everybody said of a pair. */
export function OpinionTable({ opinions }: { opinions: readonly Opinion[] }) {
  if (opinions.length === 0) return <p>Nobody has labeled this pair.</p>;
  return (
    <ScrolledTable
      name="Opinions"
      caption="What stands of each person's decisions."
      heads={["Labeler", "Prefers", "Correctness", "Performance", "Readability", "Why"]}
    >
      {opinions.map((row) => (
        <tr key={row.labeler}>
          <th scope="row">{visibleText(row.labeler)}</th>
          <td>{inWords(row.preference)}</td>
          <td>{inWords(row.correctness)}</td>
          <td>{inWords(row.performance)}</td>
          <td>{inWords(row.readability)}</td>
          <td class="wide">
            {visibleText([row.reason, row.note].filter(Boolean).join(": ")) || "–"}
          </td>
        </tr>
      ))}
    </ScrolledTable>
  );
}
