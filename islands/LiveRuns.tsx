import { RunTable } from "@/components/RunTable.tsx";
import { fetchRuns } from "@/lib/web/client.ts";
import { usePolled } from "@/lib/web/polled.ts";
import type { RunList } from "@/lib/web/runs.ts";

const PAUSE_MS = 5000;

/** The table of all runs, kept up to date. */
export function LiveRuns({ initial }: { initial: RunList }) {
  const { value, error } = usePolled(initial, () => fetchRuns(), () => PAUSE_MS);
  const { runs, localDirs, now } = value.value;
  return (
    <>
      <p class="error" role="alert">{error.value}</p>
      {runs.length > 0 ? <RunTable runs={runs} now={now} /> : (
        <p>
          There are no runs in {localDirs.join(", ")} yet; start one with{" "}
          <code>deno task train</code>.
        </p>
      )}
    </>
  );
}
