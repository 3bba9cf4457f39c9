import { useRef } from "preact/hooks";
import { Key } from "@/components/Key.tsx";
import { Sheet } from "@/components/Sheet.tsx";
import { SKIP_REASONS } from "@/lib/web/labeling/verdicts.ts";
import { isComposing } from "@/lib/web/keys.ts";

/** Asks why a pair is skipped; Enter skips it without a reason, a digit with one of the list. */
export function SkipSheet({ onSkip, onClose }: {
  onSkip: (reason: string | null) => void;
  onClose: () => void;
}) {
  const other = useRef<HTMLInputElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event) || (event.target as HTMLElement).matches("input")) return;
    const digit = event.code.match(/^(?:Digit|Numpad)(\d)$/)?.[1];
    const reason = SKIP_REASONS[Number(digit) - 1];
    if (reason) onSkip(reason);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    onSkip(other.current!.value.trim() || null);
  };
  return (
    <Sheet title="Skip this pair" onClose={onClose} onKeyDown={onKeyDown}>
      <form onSubmit={submit}>
        <ul class="reasons">
          {SKIP_REASONS.map((reason, i) => (
            <li key={reason}>
              <button type="button" onClick={() => onSkip(reason)}>
                <Key name={String(i + 1)} />
                {reason}
              </button>
            </li>
          ))}
        </ul>
        <label>
          <span>Another reason, if you like</span>
          <input ref={other} maxLength={2000} autocomplete="off" />
        </label>
        <button type="submit" class="primary" autofocus>
          <Key name="Enter" />Skip
        </button>
      </form>
    </Sheet>
  );
}
