/** One training run in a report. */
import {
  gradNorm,
  logpsChosenRejected,
  lossCurve,
  margins,
  rewardAccuracies,
  throughput,
} from "@/lib/charts/training.ts";
import { metricPoints } from "@/lib/charts/metric-lines.ts";
import { formatNumber } from "@/lib/evaluation/format-number.ts";
import { Figure } from "@/lib/evaluation/report-figure.tsx";
import { Table } from "@/lib/evaluation/report-table.tsx";
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
        {curves(run).map(([caption, svg]) => <Figure key={caption} caption={caption} svg={svg} />)}
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

/** The figures that this run has data for. */
function curves(run: RunSummary): [string, string][] {
  const { records } = run;
  const measured = (...metrics: string[]) =>
    metrics.some((metric) => metricPoints(records, metric).length > 0);
  const rule = run.loss === "dpo" ? { value: Math.LN2, name: "ln 2" } : undefined;
  const all: [boolean, string, () => string][] = [
    [measured("loss/train", "loss/eval"), "Loss", () => lossCurve(records, rule)],
    [
      measured("rewards_train/accuracies", "rewards_eval/accuracies"),
      "Reward accuracy: how often chosen has the higher reward",
      () => rewardAccuracies(records),
    ],
    [
      measured("rewards_train/margins", "rewards_eval/margins"),
      "Reward margin between chosen and rejected",
      () => margins(records),
    ],
    [
      measured("logps_train/chosen", "logps_eval/chosen"),
      "Log-probabilities of chosen and rejected responses",
      () => logpsChosenRejected(records),
    ],
    [measured("grad_norm"), "Gradient norm before clipping", () => gradNorm(records)],
    [
      measured("tokens_per_second", "examples_per_second"),
      "Throughput of whole steps",
      () => throughput(records),
    ],
  ];
  return all.filter(([shown]) => shown).map(([, caption, draw]) => [caption, draw()]);
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
