/**
 * Ways in which code gets disfigured on its way into an answer, and their undoing. Each changes text that is
 * recognisably disfigured and leaves other text alone; who calls it checks that the result is Python.
 *
 * @module
 */
import { dedent } from "@/lib/generation/reading/fences.ts";

type Repair = (text: string) => string;

/** In the order in which they are tried, each on the result of those before it. */
export const REPAIRS: Repair[] = [
  withoutEntities,
  withoutPrompts,
  withoutLineNumbers,
  withoutDiffMarks,
  withoutTicks,
  withPlainCharacters,
  withoutMarkdownEscapes,
  withoutEscapedLineEnds,
  withoutLanguageLine,
  withSpaces,
];

const ENTITIES: Record<string, string> = {
  lt: "<",
  gt: ">",
  amp: "&",
  quot: '"',
  apos: "'",
  nbsp: " ",
  "#39": "'",
  "#x27": "'",
  "#34": '"',
};

/** Whether a text holds HTML's entities, or marks of a highlighter, outside strings: `x &lt; y` happens to be Python, and never meant. */
export function hasEntities(text: string): boolean {
  const outside = text.replace(/(["'])(?:\\.|(?!\1)[^\n\\])*\1|#(?!39;|x27;|34;).*$/gm, "");
  return /&(lt|gt|amp|quot|apos|nbsp|#39|#x27|#34);|<\/span>/.test(outside);
}

function withoutEntities(text: string): string {
  if (!hasEntities(text)) return text;
  return text.replace(/<br *\/?>\n?/g, "\n").replace(
    /<\/?(?:span|b|i|br|code|pre|p|div)\b[^>\n]*>/g,
    "",
  )
    .replace(/&(lt|gt|quot|apos|nbsp|#39|#x27|#34);/g, (_, name) => ENTITIES[name])
    .replace(/&amp;/g, "&");
}

/** An interpreter's session: what was typed, without prompts and what was printed. */
function withoutPrompts(text: string): string {
  const FIRST = /^[ \t]*(?:>>>|In ?\[\d*\]:)[ \t]?/;
  const NEXT = /^[ \t]*(?:\.\.\.(?=\s|$)|\.{3,}:)[ \t]?/;
  const lines = text.split("\n");
  if (!lines.some((line) => FIRST.test(line))) return text;
  let isTyping = false;
  return lines.map((line) => {
    if (FIRST.test(line)) {
      isTyping = true;
      return line.replace(FIRST, "");
    }
    if (NEXT.test(line)) return line.replace(NEXT, "");
    // Some sessions indent what goes on and leave the second prompt out.
    isTyping = isTyping && (line.trim() === "" || /^[ \t]/.test(line));
    return isTyping ? line : "";
  }).join("\n").replace(/\n{3,}/g, "\n\n");
}

/** Whether a text is an interpreter's session. */
export function isSession(text: string): boolean {
  return /^[ \t]*(?:>>>|In ?\[\d*\]:)/m.test(text);
}

/** Runs of lines that are numbered in order, among them one that begins a definition. */
function withoutLineNumbers(text: string): string {
  const NUMBERED = /^[ \t]*(\d{1,4})(?:[ \t]*[|:.)│┃]|(?=\s|$))(.*)$/;
  const lines = text.split("\n");
  const out: string[] = [];
  for (let i = 0; i < lines.length;) {
    let end = i, number = Number(lines[i].match(NUMBERED)?.[1]);
    while (end < lines.length && Number(lines[end].match(NUMBERED)?.[1]) === number) {
      end++;
      number++;
    }
    const run = lines.slice(i, end).map((line) => line.match(NUMBERED)![2]);
    if (run.length > 1 && run.some((line) => /^\s*(async\s+def|def|class)\s+\w/.test(line))) {
      out.push(...dedent(run));
      i = end;
    } else out.push(lines[i++]);
  }
  return out.join("\n");
}

/** The new side of a diff. */
function withoutDiffMarks(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const added = lines.filter((line) => /^\+(?!\+\+)/.test(line)).length;
  if (added === 0 || lines.some((line) => !/^([-+ ]|@@|diff |index )/.test(line))) return text;
  return text.split("\n").filter((line) => !/^(-|\+\+\+|@@|diff |index )/.test(line))
    .map((line) => line.replace(/^[+ ]/, "")).join("\n");
}

/** Lines each of which is marked as code of its own. */
function withoutTicks(text: string): string {
  return text.replace(
    /(?:^[ \t]*`[^`\n]*`[ \t]*(?:\n|$)){2,}/gm,
    (run) => run.replace(/^[ \t]*`([^`\n]*)`[ \t]*$/gm, "$1"),
  );
}

function withPlainCharacters(text: string): string {
  return text.replace(/[\u00A0\u2002\u2003\u2009\u202F\u3000]/g, " ")
    .replace(/[“”„‟″]/g, '"').replace(/[‘’‚‛′]/g, "'")
    .replace(/[–—−]/g, "-").replace(/≤/g, "<=").replace(/≥/g, ">=").replace(/≠/g, "!=")
    .replace(/：/g, ":").replace(/，/g, ",").replace(/（/g, "(").replace(/）/g, ")");
}

function withoutMarkdownEscapes(text: string): string {
  return text.replace(/\\([_*[\]()#<>+-])/g, "$1");
}

/** Code in quotes, or in one line with its line ends written as `\n`. */
function withoutEscapedLineEnds(text: string): string {
  const plain = text.trim().replace(/^(["'])(?!\1)([\s\S]*)\1$/, "$2");
  if (plain !== text.trim() && plain.includes("\n")) return plain;
  if (plain.includes("\n") || !plain.includes("\\n")) return text;
  return plain.replace(/\\([nt"'\\])/g, (_, c) => c === "n" ? "\n" : c === "t" ? "\t" : c);
}

/** The language's name and the button of a page that the text was copied from. */
function withoutLanguageLine(text: string): string {
  return text.replace(
    /^\s*(?:(?:python\d?|py|copy(?: code)?|edit|code|solution\.py)[ \t]*:?[ \t]*\n\s*?)+/i,
    "",
  );
}

function withSpaces(text: string): string {
  return text.replace(/^[ \t]+/gm, (indent) => indent.replaceAll("\t", "    "));
}
