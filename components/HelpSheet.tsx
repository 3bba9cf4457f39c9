import { Key } from "@/components/Key.tsx";
import { Sheet } from "@/components/Sheet.tsx";
import { type Action, ACTIONS, keyLabel } from "@/lib/web/labeling/key-map.ts";
import { settings } from "@/lib/web/labeling/settings.ts";

const GROUPS = Object.entries(
  Object.groupBy(Object.keys(ACTIONS) as Action[], (action) => ACTIONS[action].group),
);

/** All keys. */
export function HelpSheet(
  { onClose, onSettings }: { onClose: () => void; onSettings: () => void },
) {
  const { keys } = settings.value;
  return (
    <Sheet title="Keys" onClose={onClose}>
      <p>
        The verdicts stand on the keyboard as on the page: a row for each question, a column for
        each answer. <kbd>Esc</kbd> leaves a field and cancels.
      </p>
      <div class="key-groups">
        {GROUPS.map(([group, actions]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {actions!.map((action) => (
                <div key={action}>
                  <dt>
                    <Key name={keyLabel(keys[action])} />
                    <span class="hidden">{keyLabel(keys[action])}</span>
                  </dt>
                  <dd>{ACTIONS[action].text}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <button type="button" onClick={onSettings}>Change keys and other settings</button>
    </Sheet>
  );
}
