/**
 * Whose a key press is.
 *
 * @module
 */

/** Whether an input method is at work on the key; 229 says so where `isComposing` does not. */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

/** Whether a key press belongs to what has the focus, an input method or the browser, and not to the page. */
export function isTyping(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.repeat || isComposing(event)) return true;
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  if (event.getModifierState("AltGraph")) return true;
  const target = event.target as HTMLElement | null;
  return target?.matches?.("input, textarea, select, [contenteditable], dialog, dialog *") ?? false;
}
