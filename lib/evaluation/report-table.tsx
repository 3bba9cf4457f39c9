/** Tables of a report. */
import type { ComponentChildren } from "preact";
import { formatNumber } from "@/lib/evaluation/format-number.ts";

/** A table with a caption; numbers stand on the right. Nothing when there are no rows. */
export function Table({ caption, head, rows }: {
  caption: string;
  head: string[];
  rows: ComponentChildren[][];
}) {
  if (rows.length === 0) return null;
  return (
    <table>
      <caption>{caption}</caption>
      <thead>
        <tr>{head.map((name) => <th key={name} scope="col">{name}</th>)}</tr>
      </thead>
      <tbody>
        {rows.map((cells, i) => (
          <tr key={i}>
            {cells.map((cell, j) => (
              <td key={j} class={typeof cell === "number" ? "number" : undefined}>
                {typeof cell === "number" ? formatNumber(cell) : cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
