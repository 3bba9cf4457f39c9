/**
 * HTML to the text of its paragraphs and code blocks, exactly as the reference's `strip_html_tags` does it with
 * BeautifulSoup.
 *
 * @module
 */
import { type HtmlElement, parseHtml } from "@/lib/datasets/python-html.ts";

/**
 * Paragraphs and code on the outermost level, separated by empty lines. Of a paragraph only the text that is directly
 * in it stays (that of links, emphasis and inline code in it is lost), code is put between `<code>` and `</code>`, and
 * lists, quotes and headings are left out: so it is there.
 */
export function stripHtml(html: string): string {
  const texts: string[] = [];
  for (const element of parseHtml(html).children) {
    if (!("name" in element)) continue;
    if (element.name === "p") {
      texts.push(element.children.map((child) => "text" in child ? child.text : "").join(""));
    } else if (element.name === "pre") {
      for (const code of elementsIn(element, "code")) texts.push(fenced(code));
    } else if (element.name === "code") texts.push(fenced(element));
  }
  return texts.join("\n\n");
}

const fenced = (code: HtmlElement): string => `<code>${textIn(code)}</code>`;

function* elementsIn(element: HtmlElement, name: string): Generator<HtmlElement> {
  for (const child of element.children) {
    if (!("name" in child)) continue;
    if (child.name === name) yield child;
    yield* elementsIn(child, name);
  }
}

/** All text in it; comments, scripts and the like are none. */
function textIn(element: HtmlElement): string {
  return element.children.map((child) =>
    "name" in child ? textIn(child) : child.visible ? child.text : ""
  ).join("");
}
