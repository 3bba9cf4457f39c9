/** One training run in a report. */
import { formatNumber } from "@/lib/evaluation/format-number.ts";
import { Figure } from "@/lib/evaluation/report-figure.tsx";
import { Table } from "@/lib/evaluation/report-table.tsx";
import { runFigures } from "@/lib/evaluation/run-figures.ts";
import { HELD_OUT_METRICS, type RunSummary } from "@/lib/evaluation/run-summary.ts";

const NAMES: Record<typeof HELD_OUT_METRICS[number], string> = {
  "loss/eval": "loss (nats)",
  "rewards_eval/accuracies": "reward accuracy (%)",
  "rewards_eval/margins": "reward margin (nats)",
  "rewards_eval/chosen": "reward of chosen (nats)",
  "rewards_eval/rejected": "reward of rejected (nats)",
  "logps_eval/chosen": "log-probability of chosen (nats)",
  "logps_eval/rejected": "log-probability of rejected (nats)",
};

/** Numbers before and after, curves, and what made the run. */
export function RunSection({ run }: { run: RunSummary }) {
  return (
    <section>
      <h2>
        {run.loss.toUpperCase()}: {run.expName}
      </h2>
      <p>
        {formatNumber(run.examples)} examples in {formatNumber(run.updates)} updates
        {run.tokensPerSecond !== undefined && `, ${formatNumber(run.tokensPerSecond)} tokens/s`}
        {run.peakMemoryBytes !== undefined &&
          `, at most ${(run.peakMemoryBytes / 2 ** 30).toFixed(1)} GiB of memory`}.
      </p>
      <HeldOut run={run} />
      <div class="figures">
        {runFigures(run).map((figure) => <Figure key={figure.caption} {...figure} />)}
      </div>
      <Provenance run={run} />
    </section>
  );
}

function HeldOut({ run }: { run: RunSummary }) {
  const rows = HELD_OUT_METRICS.flatMap((metric) => {
    const values = run.heldOut[metric];
    if (!values) return [];
    const factor = metric === "rewards_eval/accuracies" ? 100 : 1;
    const before = values.before * factor, after = values.after * factor;
    return [[NAMES[metric], before, after, after - before]];
  });
  if (rows.length === 0) return <p>Nothing was measured on held-out examples yet.</p>;
  return (
    <Table caption="On held-out examples" head={["", "before", "after", "change"]} rows={rows} />
  );
}

function Provenance({ run }: { run: RunSummary }) {
  const { model, datasets, seed, folder, policy } = run;
  const digest = (text?: string) => (text ? <code>{text.slice(0, 12)}</code> : "not recorded");
  return (
    <>
      <Table
        caption="Made from"
        head={["", "name", "digest"]}
        rows={[
          ["model", model.name, digest(model.digest)],
          ...datasets.map((d) => ["dataset", datasetName(d), digest(d.digest)]),
        ]}
      />
      <p>
        Seed {seed ?? "not recorded"}; run folder <code>{folder}</code>
        {policy && (
          <>
            ; checkpoint <code>{policy}</code>
          </>
        )}.
      </p>
      <details>
        <summary>All settings</summary>
        <Table
          caption="Settings"
          head={["key", "value"]}
          rows={Object.entries(run.settings).map(([key, value]) => [
            <code key="key">{key}</code>,
            <code key="value">{typeof value === "string" ? value : JSON.stringify(value)}</code>,
          ])}
        />
      </details>
    </>
  );
}

function datasetName({ name, pairs, labelerKinds }: RunSummary["datasets"][number]): string {
  const kinds = Object.entries(labelerKinds ?? {}).map(([kind, n]) => `${n} ${kind}`).join(", ");
  return name + (pairs === undefined ? "" : `, ${pairs} pairs`) + (kinds ? ` (${kinds})` : "");
}
