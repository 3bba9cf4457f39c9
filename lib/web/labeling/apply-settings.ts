/**
 * Settings that are style: set on the document, so that no element needs a style attribute, which the
 * Content-Security-Policy forbids.
 *
 * @module
 */
import type { Settings } from "@/lib/web/labeling/settings.ts";

/** Makes the page look as the settings say. */
export function applySettings({ fontSize, wrap, theme }: Settings): void {
  const { documentElement: root } = document;
  root.style.setProperty("--code-size", `${fontSize}px`);
  root.classList.toggle("wrap", wrap);
  root.classList.toggle("light", theme === "light");
  root.classList.toggle("dark", theme === "dark");
}
