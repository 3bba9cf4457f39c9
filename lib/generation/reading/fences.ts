/**
 * An answer divided at its fences.
 *
 * Whether a bare fence opens or closes cannot be told where one is missing; so what lies on either side of a
 * fence is a part, and what a part is, code or prose, is told from its text alone. The tag of a fence only
 * decides where the text leaves it open.
 *
 * @module
 */
import { isProse } from "@/lib/generation/reading/prose.ts";
import { parsePython } from "@/lib/generation/reading/python.ts";

/** A stretch of an answer. */
export interface Part {
  /** What follows an opening fence. */
  isBlock: boolean;
  /** The fence's tag in lower case. */
  tag: string;
  lines: string[];
  /** Whether the fence that ends a block is there. */
  isClosed: boolean;
}

const FENCE = /^((?:\s|>|[-*+•]\s|\d+[.)]\s)*)(`{3,}|~{3,})(.*)$/;
/** A fence at the end of a line of prose: `Here it is: ```python`. */
const LATE_FENCE =
  /^(.*?[^\s`~])[ \t]*(`{3,}|~{3,})[ \t]*(python\d?|py)[ \t]*$|^(.*(?:\s|:))(`{3,}|~{3,})$/i;
const ONE_LINE =
  /^([^`]*)(`{3,})(?!`)[ \t]*(?:(python\d?|py)[ \t]+)?([^`]*\b(?:def|class|lambda)\b[^`]*)\2(?!`)(.*)$/i;

/** Parts of an answer in their order. */
export function partsOf(text: string): Part[] {
  const parts: Part[] = [{ isBlock: false, tag: "", lines: [], isClosed: true }];
  let fence: string | null = null;
  const open = (mark: string, tag: string, first?: string) => {
    parts.push({ isBlock: true, tag, lines: first ? [first] : [], isClosed: false });
    fence = mark;
  };
  const close = (isClosed: boolean) => {
    parts.at(-1)!.isClosed = isClosed;
    parts.push({ isBlock: false, tag: "", lines: [], isClosed: true });
    fence = null;
  };
  const lines = text.split("\n");
  lines.forEach((line, i) => {
    const part = parts.at(-1)!;
    const match = line.match(FENCE);
    if (fence === null) {
      const hasFence = /`{3}|~{3}/.test(line);
      const short = hasFence && line.match(ONE_LINE);
      const late = hasFence && !match && line.match(LATE_FENCE);
      if (short) {
        part.lines.push(short[1]);
        open(short[2], short[3] ?? "", short[4].trim());
        close(true);
        parts.at(-1)!.lines.push(short[5]);
      } else if (match) open(match[2], ...info(match[3]));
      else if (late) {
        part.lines.push(late[1] ?? late[4]);
        open(late[2] ?? late[5], (late[3] ?? "").toLowerCase());
      } else part.lines.push(line);
      return;
    }
    const [tag] = match ? info(match[3]) : [""];
    const behind = line.lastIndexOf(fence) + fence.length;
    if (match && match[2].startsWith(fence) && match[3].trim() === "") {
      if (isInsideString(part.lines, lines.slice(i))) part.lines.push(line);
      else close(true);
    } else if (match && match[2][0] === fence[0] && opensAnother(match[2], tag, match[3], fence)) {
      // A tagged fence inside an open block: the closing fence before it is missing, or the block is a wrapper.
      close(false);
      open(match[2], ...info(match[3]));
    } else if (behind >= fence.length && endsBlock(line, behind)) {
      part.lines.push(line.slice(0, behind - fence.length));
      close(true);
      parts.at(-1)!.lines.push(line.slice(behind));
    } else part.lines.push(line);
  });
  return parts.filter((part) => part.lines.some((line) => line.trim() !== ""));
}

function opensAnother(mark: string, tag: string, rest: string, fence: string): boolean {
  return tag !== "" && (isPythonTag(tag) || (/^\s*\w+\s*$/.test(rest) && mark === fence));
}

/** Whether a fence within a line ends a block: nothing stands behind it, or prose. */
function endsBlock(line: string, behind: number): boolean {
  const rest = line.slice(behind).trim();
  return !line.trimStart().startsWith("#") && (rest === "" || isProse(rest));
}

/** Whether a tag is one of Python's names. */
export function isPythonTag(tag: string): boolean {
  return /^(python[\d.]*|py[\d.]*|py3k|cpython|ipython[\d]*|pycon|sage|cython|starlark)$/.test(tag);
}

/** The tag in what follows a fence, and the code where it begins on the same line. */
function info(text: string): [tag: string, first?: string] {
  const plain = text.trim();
  const [, tag, rest] = plain.match(/^\{?\s*\.?(?:language-|lang-)?([\w+#-]*[\d.]*)[\s:,}]*(.*)$/)!;
  if (/^(def|class|import|from|async)$/.test(tag)) return ["", plain];
  if (/\.py$/.test(plain)) return ["python"];
  return [
    tag.toLowerCase(),
    /^(def|class|import|from|async def|@\w+)\b/.test(rest) ? rest : undefined,
  ];
}

/** Whether a fence stands in a string of the code, as in a docstring with an example of its own. */
function isInsideString(before: string[], after: string[]): boolean {
  const text = before.join("\n");
  const quotes = (text.match(/'''/g)?.length ?? 0) % 2 + (text.match(/"""/g)?.length ?? 0) % 2;
  if (quotes !== 1) return false;
  const closing = after.findIndex((line, i) => i > 0 && /'''|"""/.test(line));
  if (closing < 0) return false;
  const end = after.findIndex((line, i) => i > closing && FENCE.test(line));
  const whole = [...before, ...after.slice(0, end < 0 ? undefined : end)];
  return parsePython(dedent(whole).join("\n")).isValid;
}

/** Lines without the indent that all of them share. */
export function dedent(lines: string[]): string[] {
  const filled = lines.filter((line) => line.trim() !== "");
  let common = /^[ \t]*/.exec(filled[0] ?? "")![0];
  for (const line of filled) {
    while (!line.startsWith(common)) common = common.slice(0, -1);
  }
  return lines.map((line) => line.trim() === "" ? "" : line.slice(common.length).trimEnd());
}
