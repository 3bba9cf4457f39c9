import { ScrolledTable } from "@/components/ScrolledTable.tsx";
import type { ShownPreview } from "@/lib/web/datasets.ts";

/** What would be published: counts, what is left out and why, the first rows, the card. */
export function DatasetPreview({ preview }: { preview: ShownPreview }) {
  const { sizes, labelerKinds, leftOut, rows, files, card, figures } = preview;
  return (
    <section aria-label="Preview">
      <h2>Preview</h2>
      <dl>
        {Object.entries(sizes).map(([config, { train, test }]) => (
          <div key={config}>
            <dt>Config {config}</dt>
            <dd>{train} rows to train on, {test} held out</dd>
          </div>
        ))}
        <div>
          <dt>Preferred by</dt>
          <dd>{Object.entries(labelerKinds).map(([kind, n]) => `${n} ${kind}`).join(", ")}</dd>
        </div>
      </dl>
      {leftOut.length > 0 && (
        <ScrolledTable
          name="Left out"
          caption="Labeled pairs that are left out."
          heads={["Reason", "#Pairs", "How to take them"]}
        >
          {leftOut.map(({ reason, pairs, remedy }) => (
            <tr key={reason}>
              <th scope="row">{reason}</th>
              <td class="number">{pairs}</td>
              <td>{remedy ?? "–"}</td>
            </tr>
          ))}
        </ScrolledTable>
      )}
      <details>
        <summary>The first rows</summary>
        {rows.map((row, i) => <FirstRow key={i} row={row} number={i + 1} />)}
      </details>
      <details>
        <summary>Files</summary>
        <ul>
          {files.map(({ path, bytes }) => (
            <li key={path}>
              <code>{path}</code>, {bytes.toLocaleString("en")} bytes
            </li>
          ))}
        </ul>
      </details>
      <details open>
        <summary>The card</summary>
        <article
          class="description dataset-card"
          tabIndex={0}
          role="region"
          aria-label="Card"
          dangerouslySetInnerHTML={{ __html: card }}
        />
        <div class="figures dataset-card">
          {figures.map(({ alt, svg }) => (
            <figure key={alt}>
              <figcaption>{alt}</figcaption>
              <div dangerouslySetInnerHTML={{ __html: svg }} />
            </figure>
          ))}
        </div>
      </details>
    </section>
  );
}

function FirstRow({ row, number }: { row: ShownPreview["rows"][number]; number: number }) {
  const texts = Object.entries(row).map(([name, value]) => [name, String(value)]);
  const isLong = (text: string) => text.includes("\n");
  return (
    <details open={number === 1}>
      <summary>Row {number}</summary>
      {texts.filter(([, text]) => isLong(text)).map(([name, text]) => (
        <div key={name}>
          <h3>{name}</h3>
          <pre tabIndex={0} role="group" aria-label={`${name} of row ${number}`}>{text}</pre>
        </div>
      ))}
      <dl>
        {texts.filter(([, text]) => !isLong(text)).map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
