import { RunDetails } from "@/components/RunDetails.tsx";
import { fetchRun } from "@/lib/web/client.ts";
import { usePolled } from "@/lib/web/polled.ts";
import type { RunView } from "@/lib/web/runs.ts";

/** A run that goes on is looked at often, one that may be gone on with now and then. */
const PAUSES_MS = { running: 2000, waiting: 2000, stopped: 15_000, finished: null };

const STATUS = {
  running: "This page follows the run.",
  waiting: "The run has not measured anything yet; this page follows it.",
  stopped: "Nothing trains in this run's folder; resume=latest goes on with it.",
  finished: "The run is at its end.",
};

/** One run, followed while it goes on. */
export function LiveRun({ initial }: { initial: RunView }) {
  const { value, error } = usePolled(initial, fetchRun, ({ state }) => PAUSES_MS[state]);
  return (
    <>
      <p class="status" role="status">{STATUS[value.value.state]}</p>
      <p class="error" role="alert">{error.value}</p>
      <RunDetails run={value.value} />
    </>
  );
}
