import { ScrolledTable } from "@/components/ScrolledTable.tsx";
import type { RunEntry } from "@/lib/evaluation/run-list.ts";
import type { RunState } from "@/lib/evaluation/run-state.ts";
import { runAddress } from "@/lib/web/run-address.ts";
import { ageText, countText, numberText, percentText } from "@/lib/evaluation/run-text.ts";

const TONES: Record<RunState, string> = {
  running: "good",
  waiting: "medium",
  stopped: "hard",
  finished: "",
};

/** Whether a run goes on. */
export function StateBadge({ state }: { state: RunState }) {
  return <span class={`badge ${TONES[state]}`} data-state={state}>{state}</span>;
}

/** All runs, one a row. */
export function RunTable({ runs, now }: { runs: readonly RunEntry[]; now: string }) {
  return (
    <ScrolledTable
      name="Training runs"
      caption="The newest first. Loss (nats) and accuracy of rewards are the newest of training."
      heads={[
        "Run",
        "Trains",
        "State",
        "#Examples",
        "#Loss",
        "#Accuracy",
        "#Tokens/s",
        "Started",
      ]}
    >
      {runs.map((run) => <RunRow key={runAddress(run)} run={run} now={now} />)}
    </ScrolledTable>
  );
}

function RunRow({ run, now }: { run: RunEntry; now: string }) {
  return (
    <tr>
      <th scope="row">
        <a href={runAddress(run)}>{run.name}</a>
        {run.problem && <p class="error">{run.problem}</p>}
      </th>
      <td>{run.lossName ?? "–"}</td>
      <td>
        <StateBadge state={run.state} />
      </td>
      <td class="number">
        {countText(run.examples)}
        {run.total !== null && ` of ${countText(run.total)}`}
      </td>
      <td class="number">{numberText(run.loss)}</td>
      <td class="number">{percentText(run.accuracy)}</td>
      <td class="number">{run.tokensPerSecond === null ? "–" : countText(run.tokensPerSecond)}</td>
      <td>
        <time dateTime={run.started}>{ageText(run.started, now)}</time>
      </td>
    </tr>
  );
}
