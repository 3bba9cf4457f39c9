import { useSignal } from "@preact/signals";
import { Sheet } from "@/components/Sheet.tsx";
import { isComposing } from "@/lib/web/keys.ts";
import {
  type Action,
  ACTIONS,
  DEFAULT_KEYS,
  keyLabel,
  withKey,
} from "@/lib/web/labeling/key-map.ts";
import { changeSettings, FONT_SIZES, MOST_GOAL, settings } from "@/lib/web/labeling/settings.ts";

const THEMES = { system: "As the system", light: "Light", dark: "Dark" };

/** How the page looks and which keys it obeys. */
export function SettingsSheet({ onClose }: { onClose: () => void }) {
  const { fontSize, wrap, advance, theme, goal } = settings.value;
  const number = (event: Event) => Math.round(Number((event.target as HTMLInputElement).value));
  return (
    <Sheet title="Settings" onClose={onClose}>
      <p>They are kept in this browser.</p>
      <div class="settings">
        <label>
          <span>Size of code, in pixels</span>
          <input
            type="number"
            name="fontSize"
            min={FONT_SIZES.least}
            max={FONT_SIZES.most}
            value={fontSize}
            onChange={(event) => changeSettings({ fontSize: number(event) })}
          />
        </label>
        <label>
          <span>Pairs a day that you aim at</span>
          <input
            type="number"
            name="goal"
            min={1}
            max={MOST_GOAL}
            value={goal}
            onChange={(event) => changeSettings({ goal: number(event) })}
          />
        </label>
        <label>
          <span>Colours</span>
          <select
            name="theme"
            value={theme}
            onChange={(event) =>
              changeSettings({ theme: event.currentTarget.value as keyof typeof THEMES })}
          >
            {Object.entries(THEMES).map(([name, text]) => (
              <option key={name} value={name} selected={name === theme}>{text}</option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            name="wrap"
            checked={wrap}
            onChange={(event) => changeSettings({ wrap: event.currentTarget.checked })}
          />
          <span>Wrap long lines of code</span>
        </label>
        <label class="check">
          <input
            type="checkbox"
            name="advance"
            checked={advance}
            onChange={(event) => changeSettings({ advance: event.currentTarget.checked })}
          />
          <span>Next pair right after a decision (the models stay unseen)</span>
        </label>
      </div>
      <KeySettings />
    </Sheet>
  );
}

function KeySettings() {
  // Signals: a key that follows a click at once has to find what the click said.
  const changing = useSignal<Action | null>(null), problem = useSignal("");
  const { keys } = settings.value;
  const onKeyDown = (event: KeyboardEvent) => {
    if (changing.value === null || isComposing(event)) return;
    if (["Tab", "Shift", "Control", "Alt", "AltGraph", "Meta"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") {
      changing.value = null;
      return;
    }
    const changed = withKey(settings.value.keys, changing.value, event);
    problem.value = changed ? "" : "This key writes nothing; take another one.";
    if (!changed) return;
    changeSettings({ keys: changed });
    changing.value = null;
  };
  return (
    <section class="key-settings" aria-label="Keys" onKeyDownCapture={onKeyDown}>
      <h3>Keys</h3>
      <p>Choose an action, then press its new key. A key that is taken changes places.</p>
      <p class="error" role="alert">{problem.value}</p>
      <ul>
        {(Object.keys(ACTIONS) as Action[]).map((action) => {
          const { group, text } = ACTIONS[action];
          return (
            <li key={action}>
              <button
                type="button"
                class="quiet"
                aria-pressed={changing.value === action}
                data-remap={action}
                onClick={() => changing.value = changing.value === action ? null : action}
              >
                <kbd>{changing.value === action ? "…" : keyLabel(keys[action])}</kbd>
                {group === "Going on" || group === "Tools" ? text : `${group}: ${text}`}
              </button>
            </li>
          );
        })}
      </ul>
      <button
        type="button"
        class="quiet"
        onClick={() => changeSettings({ keys: DEFAULT_KEYS })}
      >
        Back to the original keys
      </button>
    </section>
  );
}
