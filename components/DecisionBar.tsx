import { ActionButton } from "@/components/Key.tsx";
import type { Decision } from "@/lib/labels/decision.ts";
import type { SideVerdict } from "@/lib/labels/showing.ts";
import type { ShownItem } from "@/lib/web/shown.ts";
import type { OutboxState } from "@/lib/web/labeling/outbox.ts";
import type { SaveState } from "@/lib/web/labeling/session.ts";
import { PREFERENCES } from "@/lib/web/labeling/verdicts.ts";

/** The overall decision, the way on, and whether all that was said is saved. */
export function DecisionBar(
  { item: { pair, draft, decision }, save, outbox, trouble, disabled, ...on }: {
    item: ShownItem;
    save: SaveState;
    outbox: OutboxState;
    /** Why what was asked for is not shown. */
    trouble: string | null;
    disabled: boolean;
    onDecide: (preference: SideVerdict) => void;
    onSkip: () => void;
    onUndo: () => void;
    onNext: () => void;
    onAgain: () => void;
    onRetry: (clientId: string) => void;
    onDiscard: (clientId: string) => void;
  },
) {
  return (
    <footer class="decision">
      <Status {...{ pair, decision, save, outbox, trouble, ...on }} />
      {pair !== null && (
        <p class="submits">{draft ? "Submit (Code + Preference)" : "Submit (Preference Only)"}</p>
      )}
      <div class="choices" role="group" aria-label="Which solution is better overall?">
        {pair !== null && PREFERENCES.map(({ verdict, text, rest }) => (
          <ActionButton
            key={verdict}
            action={`preference.${verdict}`}
            data-choice={verdict}
            aria-pressed={decision?.preference === verdict}
            disabled={disabled}
            onClick={() => on.onDecide(verdict)}
          >
            <span>
              {text}
              {rest && <span class="rest">{rest}</span>}
            </span>
          </ActionButton>
        ))}
        <ActionButton action="undo" disabled={disabled} onClick={on.onUndo}>Undo</ActionButton>
        {draft && (
          <ActionButton action="next" disabled={disabled} onClick={on.onNext}>Discard</ActionButton>
        )}
        {pair !== null && !draft && !decision && (
          <ActionButton action="skip" disabled={disabled} onClick={on.onSkip}>Skip</ActionButton>
        )}
        {decision && (
          <ActionButton action="next" class="primary" disabled={disabled} onClick={on.onNext}>
            <span>
              Next <span class="rest">pair</span>
            </span>
          </ActionButton>
        )}
      </div>
    </footer>
  );
}

function Status({ pair, decision, save, outbox, trouble, onAgain, onRetry, onDiscard }: {
  pair: string | null;
  decision: Decision | null;
  save: SaveState;
  outbox: OutboxState;
  trouble: string | null;
  onAgain: () => void;
  onRetry: (clientId: string) => void;
  onDiscard: (clientId: string) => void;
}) {
  const { waiting, refused } = outbox;
  const elsewhere = refused.filter(({ label }) =>
    save.kind !== "failed" || label.client_id !== save.client_id
  );
  return (
    <div class="states">
      <p class={`status ${save.kind}`} role="status" data-state={save.kind}>
        {pair !== null && statusText(save, decision)}
        {save.kind === "failed" && <Refused id={save.client_id} {...{ onRetry, onDiscard }} />}
      </p>
      {waiting.length > 0 && outbox.trouble !== null && (
        <p class="status waiting" role="status" data-outbox="waiting">
          {waiting.length} waiting to be sent: {outbox.trouble}
          <button type="button" class="quiet" onClick={onAgain}>Send now</button>
        </p>
      )}
      {elsewhere.map(({ label, title, refused }) => (
        <p class="status failed" role="alert" key={label.client_id} data-outbox="failed">
          Not saved ({title}). {refused}
          <Refused id={label.client_id} {...{ onRetry, onDiscard }} />
        </p>
      ))}
      {trouble && (
        <p class="status failed" role="alert" data-outbox="trouble">
          {trouble}
          <button type="button" class="quiet" onClick={onAgain}>Try again</button>
        </p>
      )}
    </div>
  );
}

function Refused({ id, onRetry, onDiscard }: {
  id: string;
  onRetry: (clientId: string) => void;
  onDiscard: (clientId: string) => void;
}) {
  return (
    <>
      <button type="button" class="quiet" onClick={() => onRetry(id)}>Try again</button>
      <button type="button" class="quiet" onClick={() => onDiscard(id)}>Discard</button>
    </>
  );
}

function statusText(save: SaveState, decision: Decision | null): string {
  switch (save.kind) {
    case "failed":
      return `Not saved. ${save.message}`;
    case "waiting":
      return "Waiting to be saved …";
    case "changed":
      return "Changed; decide again, or go on, to save it";
    case "saved":
      return decision?.action === "skip" ? "Skipped" : "Saved";
    case "open":
      return "Which solution is better?";
  }
}
