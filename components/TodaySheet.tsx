import { useEffect, useState } from "preact/hooks";
import { Sheet } from "@/components/Sheet.tsx";
import type { Work } from "@/lib/labels/recent.ts";
import { fetchMine } from "@/lib/web/client.ts";
import { settings } from "@/lib/web/labeling/settings.ts";

/** What the labeler has done today. */
export function TodaySheet({ waiting, onClose }: { waiting: number; onClose: () => void }) {
  const [work, show] = useState<Work | null>(null);
  const [problem, report] = useState("");
  const { goal } = settings.value;
  useEffect(() => {
    const midnight = new Date();
    midnight.setHours(0, 0, 0, 0);
    fetchMine(midnight).then(({ work }) => show(work), (error) => report(error.message));
  }, []);
  const done = (work?.labeled ?? 0) + waiting;
  return (
    <Sheet title="Today" onClose={onClose}>
      <p class="error" role="alert">{problem}</p>
      {work && (
        <>
          <progress max={goal} value={Math.min(done, goal)} aria-label="Pairs labeled today" />
          <dl class="today">
            <div>
              <dt>Pairs labeled</dt>
              <dd data-today="labeled">{work.labeled} of {goal}</dd>
            </div>
            <div>
              <dt>Skipped</dt>
              <dd>{work.skipped}</dd>
            </div>
            <div>
              <dt>Active time</dt>
              <dd>{durationText(work.active_ms)}</dd>
            </div>
            <div>
              <dt>Seconds a pair</dt>
              <dd>{work.labeled > 0 ? (work.active_ms / 1000 / work.labeled).toFixed(0) : "–"}</dd>
            </div>
          </dl>
          <p>
            {waiting > 0
              ? `${waiting} still wait to be sent; leave this page open until they are.`
              : done >= goal
              ? "Done for today: everything is saved. Thank you!"
              : "Everything is saved; you can stop at any time."}
          </p>
        </>
      )}
    </Sheet>
  );
}

function durationText(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${Math.round(milliseconds / 1000)} s`;
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}
