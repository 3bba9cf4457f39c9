import { useEffect, useState } from "preact/hooks";
import { Sheet } from "@/components/Sheet.tsx";
import type { RecentDecision } from "@/lib/labels/recent.ts";
import { fetchMine } from "@/lib/web/client.ts";
import { PREFERENCES } from "@/lib/web/labeling/verdicts.ts";

/** The labeler's last decisions, each of which can be looked at and changed. */
export function HistorySheet({ waiting, onOpen, onClose }: {
  /** How many labels are not in the list yet. */
  waiting: number;
  onOpen: (pair: string, showing: number) => void;
  onClose: () => void;
}) {
  const [labels, show] = useState<RecentDecision[] | null>(null);
  const [problem, report] = useState("");
  useEffect(() => {
    fetchMine(new Date()).then(({ labels }) => show(labels), (error) => report(error.message));
  }, []);
  return (
    <Sheet title="Your last decisions" onClose={onClose}>
      <p class="error" role="alert">{problem}</p>
      {waiting > 0 && <p>{waiting} more on the way to the server.</p>}
      {labels?.length === 0 && <p>There are none yet.</p>}
      {labels && (
        <ol class="history">
          {labels.map((label) => (
            <li key={label.id}>
              <button type="button" onClick={() => onOpen(label.pair, label.showing)}>
                <span class="title">{label.question.number}. {label.question.title}</span>
                <span class="badge">{verdictText(label)}</span>
              </button>
            </li>
          ))}
        </ol>
      )}
      <p>A changed decision replaces the old one; the old one stays on record.</p>
    </Sheet>
  );
}

function verdictText({ action, preference }: RecentDecision): string {
  if (action === "skip") return "Skipped";
  return PREFERENCES.find(({ verdict }) => verdict === preference)!.text;
}
