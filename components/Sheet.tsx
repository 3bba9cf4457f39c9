import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** A sheet over the page, closed by Escape; the page behind it cannot be reached meanwhile. */
export function Sheet({ title, onClose, onKeyDown, children }: {
  title: string;
  onClose: () => void;
  onKeyDown?: (event: KeyboardEvent) => void;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current!.showModal();
    return () => dialog.current?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      class="sheet"
      aria-labelledby="sheet-title"
      onClose={onClose}
      onKeyDown={onKeyDown}
    >
      <header>
        <h2 id="sheet-title">{title}</h2>
        <button type="button" class="quiet" onClick={onClose}>Close</button>
      </header>
      {children}
    </dialog>
  );
}
