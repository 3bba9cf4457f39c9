import { ScrolledTable } from "@/components/ScrolledTable.tsx";
import type { ShownRevision } from "@/lib/web/datasets.ts";

/** What was published, one revision a row. */
export function RevisionTable({ revisions }: { revisions: readonly ShownRevision[] }) {
  if (revisions.length === 0) return <p>Nothing has been published from these labels yet.</p>;
  return (
    <ScrolledTable
      name="Published revisions"
      caption="The newest first, which is what datasets=[lc] trains on. The same labels and settings make no new one."
      heads={["Revision", "Published", "#Training", "#Test", "Folder", "Hub", "Settings"]}
    >
      {revisions.map(({ digest, path, hub, train, test, settings, created }) => (
        <tr key={`${created} ${digest}`}>
          <th scope="row">
            <code>{digest.slice(0, 12)}</code>
          </th>
          <td>
            <time dateTime={created}>{created.slice(0, 16).replace("T", " ")}</time>
          </td>
          <td class="number">{train}</td>
          <td class="number">{test}</td>
          <td>{path}</td>
          <td>
            {hub
              ? (
                <a href={hub.url} target="_blank" rel="noopener noreferrer">
                  {hub.repo} at {hub.commit.slice(0, 7)}
                </a>
              )
              : "–"}
          </td>
          <td>{settings.join(" ") || "defaults"}</td>
        </tr>
      ))}
    </ScrolledTable>
  );
}
