/**
 * Markdown from question sets and models as HTML that can do nothing.
 *
 * @module
 */
import { marked } from "marked";
// @ts-types="@types/sanitize-html"
import sanitizeHtml from "sanitize-html";
import { visibleText } from "@/lib/web/visible.ts";

const LONGEST = 100_000;

/** The HTML of a Markdown text: no scripts, styles, forms or images, and links that leave in a new tab. */
export function renderMarkdown(text: string): string {
  const html = marked.parse(visibleText(text.slice(0, LONGEST)), { async: false, gfm: true });
  return sanitizeHtml(html, {
    allowedTags: [
      ..."p br hr h1 h2 h3 h4 h5 h6 ul ol li strong b em i u s code pre sup sub blockquote a".split(
        " ",
      ),
      ..."table thead tbody tr th td".split(" "),
    ],
    allowedAttributes: { a: ["href", "rel", "target"] },
    allowedSchemes: ["https", "http"],
    allowProtocolRelative: false,
    transformTags: {
      a: sanitizeHtml.simpleTransform("a", { rel: "noopener noreferrer", target: "_blank" }),
      // Remote images would tell their server who labels what.
      img: (_, { alt }) => ({
        tagName: "em",
        attribs: {},
        text: `[image${alt ? `: ${alt}` : ""}]`,
      }),
    },
  });
}
