/**
 * A labeling item with the HTML that the page shows it by.
 *
 * @module
 */
import type { LabelingItem, ShownQuestion } from "@/lib/labels/item.ts";
import { highlightPython } from "@/lib/web/highlight.ts";
import { renderMarkdown } from "@/lib/web/markdown.ts";

/** An item as the page works with it. */
export interface ShownItem extends LabelingItem {
  html: { question: string; a: string; b: string };
}

/** Adds the HTML. */
export function shownItem(item: LabelingItem): ShownItem {
  return {
    ...item,
    html: {
      question: item.question ? questionHtml(item.question) : "",
      a: item.a ? highlightPython(item.a.code) : "",
      b: item.b ? highlightPython(item.b.code) : "",
    },
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
