/** Whether a key press belongs to what has the focus, an input method or the browser, and not to the page. */
export function isTyping(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.isComposing || event.repeat) return true;
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  const target = event.target as HTMLElement | null;
  return target?.matches?.("input, textarea, select, [contenteditable]") ?? false;
}
