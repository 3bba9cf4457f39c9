/**
 * A labeling item with the HTML that the page shows it by.
 *
 * @module
 */
import type { LabelingItem, ShownQuestion, Side } from "@/lib/labels/item.ts";
import type { PracticeState, PracticeTask } from "@/lib/labels/practice.ts";
import { highlightPython, SHOWN } from "@/lib/web/highlight.ts";
import { renderMarkdown } from "@/lib/web/markdown.ts";

/** Question and codes as HTML. */
export interface ShownHtml {
  question: string;
  a: string;
  b: string;
}

/** A side whose code may be too long to be shown whole. */
export interface ShownSide extends Side {
  isCut?: true;
}

/** An item as the page works with it. */
export interface ShownItem extends LabelingItem {
  a: ShownSide | null;
  b: ShownSide | null;
  html: ShownHtml;
}

/** How far somebody has practised, with the next pair as the page shows it. */
export interface ShownPractice extends Omit<PracticeState, "next"> {
  next: (PracticeTask & { html: ShownHtml }) | null;
}

/** Adds the HTML. Of a very long code, the page gets no more than it shows. */
export function shownItem(item: LabelingItem): ShownItem {
  const { a, b } = item;
  return { ...item, a: a && shortened(a), b: b && shortened(b), html: htmlOf(item) };
}

function shortened(side: Side): ShownSide {
  const { code } = side;
  return code.length > SHOWN ? { ...side, code: code.slice(0, SHOWN), isCut: true } : side;
}

/** Adds the HTML to what is practised on next. */
export function shownPractice(state: PracticeState): ShownPractice {
  return { ...state, next: state.next && { ...state.next, html: htmlOf(state.next) } };
}

function htmlOf({ question, a, b }: Pick<LabelingItem, "question" | "a" | "b">): ShownHtml {
  return {
    question: question ? questionHtml(question) : "",
    a: a ? highlightPython(a.code) : "",
    b: b ? highlightPython(b.code) : "",
  };
}

function questionHtml({ description, examples, constraints }: ShownQuestion): string {
  const parts = [renderMarkdown(description)];
  examples.forEach((example, i) => {
    const title = examples.length > 1 ? `Example ${i + 1}` : "Example";
    parts.push(`<h3>${title}</h3><div class="example">${renderMarkdown(example)}</div>`);
  });
  if (constraints) parts.push("<h3>Constraints</h3>", renderMarkdown(constraints));
  return parts.join("");
}
