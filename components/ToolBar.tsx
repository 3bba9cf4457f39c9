import { ActionButton } from "@/components/Key.tsx";
import type { SheetName } from "@/components/LabelingSheet.tsx";
import { changeSettings, settings } from "@/lib/web/labeling/settings.ts";

/** What helps while labeling. */
export function ToolBar({ testable, onOpen, onTests }: {
  /** Whether there is a pair whose tests can be run. */
  testable: boolean;
  onOpen: (sheet: SheetName) => void;
  onTests: () => void;
}) {
  const { diff, wrap, fontSize } = settings.value;
  return (
    <div class="toolbar" role="toolbar" aria-label="Tools">
      <ActionButton
        action="diff"
        class="quiet"
        aria-pressed={diff}
        onClick={() => changeSettings({ diff: !diff })}
      >
        Diff
      </ActionButton>
      <button
        type="button"
        class="quiet"
        aria-pressed={wrap}
        onClick={() => changeSettings({ wrap: !wrap })}
      >
        Wrap
      </button>
      <span class="sizes" role="group" aria-label="Size of code">
        <button
          type="button"
          class="quiet"
          aria-label="A−: smaller code"
          onClick={() => changeSettings({ fontSize: fontSize - 1 })}
        >
          A−
        </button>
        <button
          type="button"
          class="quiet"
          aria-label="A+: larger code"
          onClick={() => changeSettings({ fontSize: fontSize + 1 })}
        >
          A+
        </button>
      </span>
      <ActionButton action="tests" class="quiet" disabled={!testable} onClick={onTests}>
        Run Unit Tests
      </ActionButton>
      <span class="space" />
      <ActionButton action="history" class="quiet" onClick={() => onOpen("history")}>
        History
      </ActionButton>
      <ActionButton action="today" class="quiet" onClick={() => onOpen("today")}>
        Today
      </ActionButton>
      <ActionButton action="settings" class="quiet" onClick={() => onOpen("settings")}>
        Settings
      </ActionButton>
      <ActionButton action="help" class="quiet" onClick={() => onOpen("help")}>Keys</ActionButton>
    </div>
  );
}
