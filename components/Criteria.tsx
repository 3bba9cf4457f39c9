import { ActionButton } from "@/components/Key.tsx";
import type { CriterionVerdict } from "@/lib/labels/showing.ts";
import {
  CRITERIA,
  type Criterion,
  CRITERION_CHOICES,
  type Draft,
} from "@/lib/web/labeling/verdicts.ts";

/** A verdict on each criterion, and a note. */
export function Criteria({ draft, disabled, onVerdict, onNote }: {
  draft: Draft;
  disabled: boolean;
  onVerdict: (criterion: Criterion, verdict: CriterionVerdict) => void;
  onNote?: (note: string) => void;
}) {
  return (
    <section class="criteria" aria-label="Criteria">
      {CRITERIA.map(({ name, title, asks }) => (
        <fieldset key={name} title={asks}>
          <legend>{title}</legend>
          <div class="segments">
            {CRITERION_CHOICES.map(({ verdict, text }) => (
              <ActionButton
                key={text}
                action={`${name}.${verdict}`}
                aria-pressed={draft[name] === verdict}
                disabled={disabled}
                onClick={() => onVerdict(name, verdict)}
              >
                <span>{text}</span>
              </ActionButton>
            ))}
          </div>
        </fieldset>
      ))}
      {onNote && (
        <label class="note">
          <span>Note</span>
          <input
            id="note"
            value={draft.note}
            maxLength={2000}
            autocomplete="off"
            placeholder="optional"
            onInput={(event) => onNote(event.currentTarget.value)}
          />
        </label>
      )}
    </section>
  );
}
