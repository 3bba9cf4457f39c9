/** The tables of the quality page. */
import { ScrolledTable } from "@/components/ScrolledTable.tsx";
import type { ModelStrength } from "@/lib/labels/statistics/bradley-terry.ts";
import type { Disagreement } from "@/lib/labels/statistics/disagreements.ts";
import type { Estimate } from "@/lib/labels/statistics/estimate.ts";
import { type FlagName, number, percent } from "@/lib/labels/statistics/flags.ts";
import { MEASURES } from "@/lib/labels/statistics/measures.ts";
import type { Kappa, LabelerQuality } from "@/lib/labels/statistics/quality.ts";
import { visibleText } from "@/lib/web/visible.ts";

const TONES: Partial<Record<FlagName, string>> = { ok: "good", "too few labels": "" };

/** A cell with a value and, below it, its interval. */
function Interval({ of, text }: { of: Estimate | null; text: (of: Estimate) => string }) {
  if (!of) return <td class="number">–</td>;
  const [value, interval] = text(of).split(/ (?=\()/);
  return (
    <td class="number">
      {value} <span class="muted">{interval}</span>
    </td>
  );
}

const Share = ({ of }: { of: Estimate | null }) => <Interval of={of} text={percent} />;

/** What is known of each labeler. */
export function LabelerTable({ labelers }: { labelers: readonly LabelerQuality[] }) {
  return (
    <>
      <h2>Labelers</h2>
      <ScrolledTable
        name="Labelers"
        caption="Shares, and kappa with the others' majority, with 95 % intervals. Labels are all decisions made."
        heads={[
          "Labeler",
          "What stands out",
          "#Labels",
          "#Per hour",
          "#Left side",
          "#Same again",
          "#Unit tests",
          "#Kappa",
          "#Gold",
        ]}
      >
        {labelers.map((row) => (
          <tr key={row.labeler}>
            <th scope="row">{visibleText(row.labeler)}</th>
            <td class="wide">
              {row.flags.map(({ name, sentence }) => (
                <p key={name}>
                  <span class={`badge ${TONES[name] ?? "hard"}`} data-flag={name}>{name}</span>{" "}
                  <span class="muted">{sentence}</span>
                </p>
              ))}
            </td>
            <td class="number">{row.labels}</td>
            <td class="number">{row.perHour === null ? "–" : Math.round(row.perHour)}</td>
            <Share of={row.left} />
            <Share of={row.self} />
            <Share of={row.tests} />
            <Interval of={row.others} text={number} />
            <Share of={row.gold} />
          </tr>
        ))}
      </ScrolledTable>
    </>
  );
}

/** Pairs to settle. */
export function DisagreementTable(
  { total, list }: { total: number; list: readonly Disagreement[] },
) {
  return (
    <>
      <h2>Disagreements to settle</h2>
      {total === 0 ? <p>There are none.</p> : (
        <ScrolledTable
          name="Disagreements"
          caption={`${list.length} of ${total} pairs, those with the most even votes first. ` +
            "What is settled gets a gold answer, which decides what is published."}
          heads={[
            "Question",
            "#Version 1",
            "#Version 2",
            "#Same",
            "#Both bad",
            "Unit tests say",
            "Pair",
          ]}
        >
          {list.map((row) => (
            <tr key={row.pair}>
              <th scope="row">{visibleText(row.title)}</th>
              <td class="number">{row.version1}</td>
              <td class="number">{row.version2}</td>
              <td class="number">{row.same}</td>
              <td class="number">{row.both_bad}</td>
              <td>{row.truth?.replace("version", "version ") ?? "–"}</td>
              <td>
                <a
                  href={`/quality/settle?${new URLSearchParams({ pair: row.pair })}`}
                  aria-label={`Settle ${row.pair}`}
                >
                  settle
                </a>
              </td>
            </tr>
          ))}
        </ScrolledTable>
      )}
    </>
  );
}

/** Models by strength. */
export function ModelTable({ models }: { models: readonly ModelStrength[] }) {
  if (models.length === 0) return null;
  return (
    <>
      <h2>Models</h2>
      <ScrolledTable
        name="Models"
        caption="Labels of pairs that two models wrote. The win rate is against the mean of the others."
        heads={["Model", "#Strength", "#Win rate", "#Won", "#Lost", "#Neither"]}
      >
        {models.map((row) => (
          <tr key={row.model}>
            <th scope="row">{visibleText(row.model)}</th>
            <td class="number">{number(row.strength)}</td>
            <td class="number">{percent(row.winRate)}</td>
            <td class="number">{row.wins}</td>
            <td class="number">{row.losses}</td>
            <td class="number">{row.ties}</td>
          </tr>
        ))}
      </ScrolledTable>
    </>
  );
}

const MOST_KAPPAS = 30;

/** Twos of labelers by how much they share. */
export function KappaTable({ kappas, leftOut }: { kappas: readonly Kappa[]; leftOut: number }) {
  const twos = [
    ...Map.groupBy(kappas, ({ first, second }) => JSON.stringify([first, second])).values(),
  ]
    .sort((a, b) => b[0].estimate.n - a[0].estimate.n);
  if (twos.length === 0) return null;
  const rest = twos.length + leftOut - MOST_KAPPAS;
  return (
    <>
      <h2>Agreement of two labelers</h2>
      <ScrolledTable
        name="Agreement of two labelers"
        caption={"Cohen's kappa with 95 % intervals." +
          (rest > 0 ? ` ${rest} more with fewer shared pairs are not shown.` : "")}
        heads={[
          "Labelers",
          ...MEASURES.map((measure) => `#${measure[0].toUpperCase()}${measure.slice(1)}`),
        ]}
      >
        {twos.slice(0, MOST_KAPPAS).map((rows) => (
          <tr key={`${rows[0].first} ${rows[0].second}`}>
            <th scope="row">{visibleText(`${rows[0].first}, ${rows[0].second}`)}</th>
            {MEASURES.map((measure) => {
              const found = rows.find((row) => row.measure === measure);
              return <td key={measure} class="number">{found ? number(found.estimate) : "–"}</td>;
            })}
          </tr>
        ))}
      </ScrolledTable>
    </>
  );
}
