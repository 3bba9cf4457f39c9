import { Key } from "@/components/Key.tsx";
import type { Decision } from "@/lib/labels/decision.ts";

/** What can be said about a pair, with the key for it. */
export const CHOICES = [
  { key: "1", preference: "a", text: "Left", rest: " is better" },
  { key: "2", preference: "b", text: "Right", rest: " is better" },
  { key: "3", preference: "same", text: "Tie", rest: "" },
  { key: "4", preference: "both_bad", text: "Both bad", rest: "" },
] as const;

/** Whether the decision on the screen has reached the database. */
export type SaveState = { kind: "open" | "saving" | "saved" } | { kind: "failed"; message: string };

/** The buttons under a pair, and whether the decision is saved. */
export function DecisionBar(
  { decision, state, disabled, onDecide, onSkip, onUndo, onNext, onRetry }: {
    decision: Decision | null;
    state: SaveState;
    disabled: boolean;
    onDecide: (preference: typeof CHOICES[number]["preference"]) => void;
    onSkip: () => void;
    onUndo: () => void;
    onNext: () => void;
    onRetry: () => void;
  },
) {
  return (
    <footer class="decision">
      <p class={`status ${state.kind}`} role="status" aria-live="polite" data-state={state.kind}>
        {statusText(state, decision)}
        {state.kind === "failed" && <button type="button" onClick={onRetry}>Try again</button>}
      </p>
      <div class="choices" role="group" aria-label="Which solution is better?">
        {CHOICES.map(({ key, preference, text, rest }) => (
          <button
            type="button"
            key={key}
            data-choice={preference}
            aria-keyshortcuts={key}
            aria-pressed={decision?.preference === preference}
            disabled={disabled}
            onClick={() => onDecide(preference)}
          >
            <Key name={key} />
            <span>
              {text}
              {rest && <span class="rest">{rest}</span>}
            </span>
          </button>
        ))}
        {decision
          ? (
            <button type="button" disabled={disabled} aria-keyshortcuts="u" onClick={onUndo}>
              <Key name="U" />Undo
            </button>
          )
          : (
            <button type="button" disabled={disabled} aria-keyshortcuts="s" onClick={onSkip}>
              <Key name="S" />Skip
            </button>
          )}
        <button
          type="button"
          class={decision ? "primary" : ""}
          disabled={disabled || !decision}
          aria-keyshortcuts="n"
          onClick={onNext}
        >
          <Key name="N" />
          <span>
            Next <span class="rest">pair</span>
          </span>
        </button>
      </div>
    </footer>
  );
}

function statusText(state: SaveState, decision: Decision | null): string {
  if (state.kind === "failed") return `Not saved. ${state.message} `;
  if (state.kind === "saving") return "Saving …";
  if (!decision) return "Which solution is better?";
  return decision.action === "skip" ? "Skipped" : "Saved";
}
