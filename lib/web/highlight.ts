/**
 * Python code as HTML that carries classes only, so that a strict Content-Security-Policy can stay.
 *
 * @module
 */
import hljs from "highlight.js/lib/core";
import python from "highlight.js/lib/languages/python";
import { escapeHtml } from "@/lib/web/escape.ts";
import { visibleText } from "@/lib/web/visible.ts";

hljs.registerLanguage("python", python);

/** Beyond this many characters colours cost more than they help. */
const COLOURED = 20_000;
/** Beyond this many nobody reads on, and the page would become slow. */
export const SHOWN = 100_000;

/** The code's HTML; what is left out of a very long text is counted at its end. */
export function highlightPython(code: string): string {
  const shown = visibleText(code.slice(0, SHOWN));
  const html = shown.length > COLOURED
    ? escapeHtml(shown)
    : hljs.highlight(shown, { language: "python", ignoreIllegals: true }).value;
  const left = code.length - SHOWN;
  return left > 0
    ? `${html}\n<span class="cut">… ${left} more characters are not shown</span>`
    : html;
}
