import type { ComponentChildren } from "preact";
import { type Action, keyLabel } from "@/lib/web/labeling/key-map.ts";
import { settings } from "@/lib/web/labeling/settings.ts";

/** The hint which key does what a button does. */
export function Key({ name }: { name: string }) {
  return <kbd aria-hidden="true">{name}</kbd>;
}

/** A button that a key presses too, with the hint which. */
export function ActionButton({ action, children, ...attributes }: {
  action: Action;
  children: ComponentChildren;
  onClick: () => void;
  class?: string;
  disabled?: boolean;
  "aria-pressed"?: boolean;
  "aria-label"?: string;
  "data-choice"?: string;
}) {
  const key = settings.value.keys[action];
  return (
    <button type="button" data-action={action} aria-keyshortcuts={key} {...attributes}>
      <Key name={keyLabel(key)} />
      {children}
    </button>
  );
}
