/**
 * HTML to the tree that BeautifulSoup makes with Python's `html.parser` (the rules of Python 3.11, Beautiful Soup 4.15).
 *
 * That parser knows nothing of HTML's rules of nesting: a `<p>` inside a `<p>` is its child, and an end tag closes all
 * that was opened since. Whoever wants the same text from the same pages needs the same tree, so no parser of the
 * HTML standard will do.
 *
 * @module
 */
import { decodeHTMLStrict } from "entities";
import { InputError } from "@/lib/errors.ts";

/** A tag with what is in it. */
export interface HtmlElement {
  name: string;
  children: (HtmlElement | HtmlText)[];
}

/** Characters between tags. */
export interface HtmlText {
  text: string;
  /** Not so for comments, declarations, scripts, styles, templates and ruby annotations. */
  visible: boolean;
}

/** @throws InputError for a marked section (`<![…`) of an unknown kind, which the parser refuses */
export function parseHtml(html: string): HtmlElement {
  const tree = new Tree();
  new Parser(html, tree).run();
  return tree.finish();
}

/** White space as Python's regular expressions know it. */
const S = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

const INTERESTING = /[&<]/g;
const INCOMPLETE = /&[a-zA-Z#]/y;
const NAMED = /&([a-zA-Z][-.a-zA-Z0-9]*)[^a-zA-Z0-9]/y;
const NUMERIC = /&#([0-9]+|[xX][0-9a-fA-F]+)[^0-9a-fA-F]/y;
const TAG_OPENS = /<[a-zA-Z]/y;
const TAG_NAME = new RegExp(`([a-zA-Z][^\\t\\n\\r\\f />\\x00]*)(?:[${S}]|/(?!>))*`, "y");
const VALUE = `'[^']*'|"[^"]*"|(?!['"])[^>${S}]*`;
const NAME_IN_TAG = `(?<=['"${S}/])[^${S}/>][^${S}/=>]*`;
const ATTRIBUTE = new RegExp(
  `${NAME_IN_TAG}(?:[${S}]*=+[${S}]*(?:${VALUE}))?(?:[${S}]|/(?!>))*`,
  "y",
);
const START_TAG = new RegExp(
  `<[a-zA-Z][^\\t\\n\\r\\f />\\x00]*(?:[${S}/]*(?:${NAME_IN_TAG}(?:[${S}]*=+[${S}]*(?:${VALUE})[${S}]*)?` +
    `(?:[${S}]|/(?!>))*)*)?[${S}]*`,
  "y",
);
const END_TAG = new RegExp(`</[${S}]*([a-zA-Z][-.a-zA-Z0-9:_]*)[${S}]*>`, "y");
const COMMENT_END = new RegExp(`--[${S}]*>`, "g");
const SECTION_NAME = new RegExp(`([a-zA-Z][-_.a-zA-Z0-9]*)[${S}]*`, "y");
const SECTION_END = new RegExp(`][${S}]*][${S}]*>`, "g");
const OFFICE_SECTION_END = new RegExp(`][${S}]*>`, "g");

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** Nothing but `>` and `/>` may be left of a start tag behind its attributes. */
const stripped = (text: string): string => text.replace(new RegExp(`^[${S}]+|[${S}]+$`, "g"), "");

/** The events of `html.parser`, which goes over the text twice: the second time it knows that nothing follows. */
class Parser {
  private at = 0;
  private rawTag: string | null = null;

  constructor(private readonly html: string, private readonly tree: Tree) {}

  run(): void {
    this.pass(false);
    this.pass(true);
  }

  private pass(last: boolean): void {
    const { html, tree } = this, n = html.length;
    while (this.at < n) {
      const next = this.interesting();
      if (next === -1) break;
      if (next > this.at) tree.text(html.slice(this.at, next));
      this.at = next;
      if (this.at === n) break;
      const goesOn = html[this.at] === "<" ? this.markup(last) : this.reference(last);
      if (!goesOn) break;
    }
    if (last && this.at < n && this.rawTag === null) {
      tree.text(html.slice(this.at));
      this.at = n;
    }
  }

  /** Where the next markup or reference may begin; the end where there is none, -1 where a script does not end. */
  private interesting(): number {
    const pattern = this.rawTag === null
      ? INTERESTING
      : new RegExp(`</[${S}]*${this.rawTag}[${S}]*>`, "gi");
    const found = matchAt(pattern, this.html, this.at);
    return found?.index ?? (this.rawTag === null ? this.html.length : -1);
  }

  /** @returns whether the pass goes on */
  private markup(last: boolean): boolean {
    const { html, tree, at } = this;
    let end: number;
    if (matchAt(TAG_OPENS, html, at)) end = this.startTag();
    else if (html.startsWith("</", at)) end = this.endTag();
    else if (html.startsWith("<!--", at)) end = this.comment();
    else if (html.startsWith("<?", at)) end = this.hidden(at + 2, html.indexOf(">", at + 2), 1);
    else if (html.startsWith("<!", at)) end = this.declaration();
    else if (at + 1 < html.length) {
      tree.text("<");
      end = at + 1;
    } else return false;
    if (end < 0) {
      if (!last) return false;
      const closing = html.indexOf(">", at + 1), opening = html.indexOf("<", at + 1);
      end = closing >= 0 ? closing + 1 : opening >= 0 ? opening : at + 1;
      tree.text(html.slice(at, end));
    }
    this.at = end;
    return true;
  }

  /** @returns whether the pass goes on */
  private reference(last: boolean): boolean {
    const { html, tree, at } = this;
    const goOnBehind = (found: RegExpExecArray) => {
      const end = at + found[0].length;
      this.at = html[end - 1] === ";" ? end : end - 1;
      return true;
    };
    if (html.startsWith("&#", at)) {
      const found = matchAt(NUMERIC, html, at);
      if (found) {
        tree.text(numericCharacter(found[1]));
        return goOnBehind(found);
      }
      if (html.includes(";", at)) {
        tree.text("&#");
        this.at += 2;
      }
      return false;
    }
    const found = matchAt(NAMED, html, at);
    if (found) {
      const written = `&${found[1]};`, character = decodeHTMLStrict(written);
      // Of an unknown name the semicolon is lost.
      tree.text(character === written ? `&${found[1]}` : character);
      return goOnBehind(found);
    }
    const incomplete = matchAt(INCOMPLETE, html, at);
    if (incomplete) {
      if (last && incomplete[0] === html.slice(at)) this.at++;
      return false;
    }
    if (at + 1 >= html.length) return false;
    tree.text("&");
    this.at++;
    return true;
  }

  private startTag(): number {
    const { html, tree, at } = this;
    const end = this.startTagEnd();
    if (end < 0) return end;
    const name = matchAt(TAG_NAME, html, at + 1)!;
    let inside = at + 1 + name[0].length;
    for (let found; inside < end && (found = matchAt(ATTRIBUTE, html, inside));) {
      inside += found[0].length;
    }
    const rest = stripped(html.slice(inside, end)), tag = name[1].toLowerCase();
    if (rest !== ">" && rest !== "/>") tree.text(html.slice(at, end));
    else if (rest === "/>") tree.emptyElement(tag);
    else {
      tree.open(tag);
      if (tag === "script" || tag === "style") this.rawTag = tag;
    }
    return end;
  }

  private startTagEnd(): number {
    const { html, at } = this;
    const end = at + matchAt(START_TAG, html, at)![0].length, next = html[end];
    if (next === ">") return end + 1;
    if (next === "/") return html[end + 1] === ">" ? end + 2 : -1;
    if (next === undefined || /[a-zA-Z=]/.test(next)) return -1;
    return end > at ? end : at + 1;
  }

  private endTag(): number {
    const { html, tree, at } = this;
    let end = html.indexOf(">", at + 1) + 1;
    if (end === 0) return -1;
    const found = matchAt(END_TAG, html, at);
    if (found && (this.rawTag === null || found[1].toLowerCase() === this.rawTag)) {
      tree.close(found[1].toLowerCase());
      this.rawTag = null;
      return end;
    }
    if (this.rawTag !== null) {
      tree.text(html.slice(at, end));
      return end;
    }
    const name = matchAt(TAG_NAME, html, at + 2);
    if (!name) {
      return html.startsWith("</>", at)
        ? at + 3
        : this.hidden(at + 2, html.indexOf(">", at + 2), 1);
    }
    end = html.indexOf(">", at + 2 + name[0].length) + 1;
    tree.close(name[1].toLowerCase());
    return end;
  }

  private comment(): number {
    const end = matchAt(COMMENT_END, this.html, this.at + 4);
    return this.hidden(this.at + 4, end?.index ?? -1, end?.[0].length ?? 0);
  }

  private declaration(): number {
    const { html, at } = this;
    if (html.startsWith("<![", at)) return this.markedSection();
    if (html.slice(at, at + 9).toLowerCase() !== "<!doctype") {
      return this.hidden(at + 2, html.indexOf(">", at + 2), 1);
    }
    const end = html.indexOf(">", at + 9);
    return this.hidden(at + 2 + "DOCTYPE ".length, end, 1);
  }

  private markedSection(): number {
    const { html, at, tree } = this;
    if (at + 3 === html.length) return -1;
    const name = matchAt(SECTION_NAME, html, at + 3);
    if (name && at + 3 + name[0].length === html.length) return -1;
    const kind = name?.[1].toLowerCase() ?? "";
    const office = ["if", "else", "endif"].includes(kind);
    if (!office && !["temp", "cdata", "ignore", "include", "rcdata"].includes(kind)) {
      throw new InputError(
        `HTML holds a marked section of an unknown kind, ${
          JSON.stringify(html.slice(at, at + 20))
        }.`,
      );
    }
    const end = matchAt(office ? OFFICE_SECTION_END : SECTION_END, html, at + 3);
    if (!end) return -1;
    const data = html.slice(at + 3, end.index), isText = data.toUpperCase().startsWith("CDATA[");
    tree.special(isText ? data.slice("CDATA[".length) : data, isText);
    return end.index + end[0].length;
  }

  /** A comment or the like, from `start` to before `end`; -1 where it does not end. */
  private hidden(start: number, end: number, closing: number): number {
    if (end < 0) return -1;
    this.tree.special(this.html.slice(start, Math.max(start, end)), false);
    return end + closing;
  }
}

const EMPTY_ELEMENTS = new Set(
  ("area base br col embed hr img input keygen link menuitem meta param source track wbr basefont bgsound command " +
    "frame image isindex nextid spacer").split(" "),
);
const KEEPS_SPACE = new Set(["pre", "textarea"]);
const NO_TEXT = new Set(["rt", "rp", "style", "script", "template"]);

/** The tree as BeautifulSoup builds it from the events. */
class Tree {
  private readonly root: HtmlElement = { name: "", children: [] };
  private readonly stack = [this.root];
  private readonly closedAlready: string[] = [];
  /** Pieces of the text that has not been added yet; an empty piece makes a text too. */
  private pieces: string[] = [];

  text(data: string): void {
    this.pieces.push(data);
  }

  /** A comment, a declaration, or CDATA, which is text. */
  special(data: string, visible: boolean): void {
    this.flush();
    this.pieces.push(data);
    this.flush(visible, true);
  }

  open(name: string): void {
    this.push(name);
    if (!EMPTY_ELEMENTS.has(name)) return;
    this.popTo(name);
    this.closedAlready.push(name);
  }

  emptyElement(name: string): void {
    this.push(name);
    this.popTo(name);
  }

  close(name: string): void {
    const closed = this.closedAlready.indexOf(name);
    if (closed >= 0) this.closedAlready.splice(closed, 1);
    else this.popTo(name);
  }

  finish(): HtmlElement {
    this.flush();
    return this.root;
  }

  private push(name: string): void {
    this.flush();
    const element: HtmlElement = { name, children: [] };
    this.stack.at(-1)!.children.push(element);
    this.stack.push(element);
  }

  private popTo(name: string): void {
    this.flush();
    const at = this.stack.findLastIndex((element, i) => i > 0 && element.name === name);
    if (at > 0) this.stack.length = at;
  }

  private flush(visible = true, special = false): void {
    if (this.pieces.length === 0) return;
    let text = this.pieces.join("");
    this.pieces = [];
    const within = (names: Set<string>) => this.stack.some(({ name }) => names.has(name));
    if (/^[ \n\t\f\r]*$/.test(text) && !within(KEEPS_SPACE)) {
      text = text.includes("\n") ? "\n" : " ";
    }
    if (!special && within(NO_TEXT)) visible = false;
    this.stack.at(-1)!.children.push({ text, visible });
  }
}

/** Characters that Windows-1252 has where Unicode has controls, from 0x80 on. */
const WINDOWS_1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

function numericCharacter(digits: string): string {
  const code = /^x/i.test(digits) ? parseInt(digits.slice(1), 16) : parseInt(digits, 10);
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return "\ufffd";
  if (code >= 0x80 && code <= 0x9f) return WINDOWS_1252[code - 0x80];
  return String.fromCodePoint(code);
}
