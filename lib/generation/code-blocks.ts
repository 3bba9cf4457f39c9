/**
 * Reads the code out of a model's answer, as a person would: what cannot be read is reported, not guessed.
 *
 * @module
 */

/** `ok`: at least one code was read; the others have none, for the reason they name. */
export type ReadStatus = "ok" | "unread" | "cut" | "refused" | "empty";

/** The codes of an answer, in their order. */
export interface ReadAnswer {
  codes: string[];
  status: ReadStatus;
}

interface Block {
  tag: string;
  code: string;
  closed: boolean;
}

/**
 * Reads the solutions from an answer: fenced blocks with any tag or none, a last fence left open, several
 * versions in one block, or bare code amid prose. A solution holds a function or a class; other blocks (calls,
 * output, other languages) are passed over. Code that an answer cut at its length limit leaves unfinished does
 * not count.
 */
export function extractCode(text: string, doneReason: "stop" | "length" = "stop"): ReadAnswer {
  if (text.trim() === "") return { codes: [], status: "empty" };
  const blocks = fencedBlocks(text);
  const cut = doneReason === "length";
  const found = blocks.length > 0
    ? blocks.filter((block) => isPythonTag(block.tag) && (block.closed || !cut)).map((b) => b.code)
    : cut
    ? []
    : [bareCode(text)];
  const codes = found.filter(definesSomething).flatMap(versions);
  if (codes.length > 0) return { codes, status: "ok" };
  if (cut) return { codes, status: "cut" };
  return { codes, status: REFUSAL.test(text) ? "refused" : "unread" };
}

const REFUSAL = /^\W*(i'?m sorry|sorry,|i can(no|')t|i am (unable|not able)|as an ai)/i;

const OPENING = /^(\s*(?:[-*+]|\d+[.)])?\s*)(`{3,}|~{3,})[ \t]*\{?\.?([\w+#.-]*)[^`]*$/;

function fencedBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  let open: { fence: string; tag: string; lines: string[] } | null = null;
  const close = (closed: boolean) => {
    if (open) blocks.push({ tag: open.tag, code: dedent(open.lines), closed });
    open = null;
  };
  for (const line of text.replace(/\r\n?/g, "\n").split("\n")) {
    const opening = line.match(OPENING);
    if (!open) {
      if (opening) {
        open = { fence: opening[2], tag: opening[3].toLowerCase(), lines: [] };
      }
    } else if (opening && opening[2].startsWith(open.fence) && opening[3] === "") {
      close(true);
    } else if (opening && isPythonTag(opening[3].toLowerCase())) {
      // A tagged fence inside an open block: the closing fence before it is missing.
      close(true);
      open = { fence: opening[2], tag: opening[3].toLowerCase(), lines: [] };
    } else if (line.trimEnd().endsWith(open.fence)) {
      open.lines.push(line.trimEnd().slice(0, -open.fence.length));
      close(true);
    } else {
      open.lines.push(line);
    }
  }
  close(false);
  return blocks;
}

function isPythonTag(tag: string): boolean {
  return /^(python\d*(\.\d+)?|py\d*|py3k|ipython|starlark|code|text|txt|plaintext|plain|)$/.test(
    tag,
  );
}

function dedent(lines: string[]): string {
  const filled = lines.filter((line) => line.trim() !== "");
  const indents = filled.map((line) => line.length - line.trimStart().length);
  const common = indents.length ? Math.min(...indents) : 0;
  return lines.map((line) => line.slice(common).trimEnd()).join("\n").replace(/^\n+|\s+$/g, "");
}

function definesSomething(code: string): boolean {
  return /^\s*((async\s+)?def\s+\w+\s*\(|class\s+\w+\s*[:(])/m.test(code);
}

const CODE_LINE =
  /^(from\s+\S+\s+import\b|import\s+\w|@\w|(async\s+)?def\s+\w+\s*\(|class\s+\w+\s*[:(]|#)/;
const GOES_ON = new RegExp(
  [
    "\\s|$|[)\\]}#@]",
    "(if|elif|for|while|with|except)\\b.*:\\s*$",
    "(else|try|finally):\\s*$",
    "[\\w.[\\]]+\\s*[-+*/]?=[^=]",
    "\\w[\\w.]*\\(.*\\)\\s*$",
  ].map((form) => `^(${form})`).join("|"),
);

/** Code without fences: from its first import, comment before a definition or definition, while it looks like code. */
function bareCode(text: string): string {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const definition = lines.findIndex((line) =>
    /^((async\s+)?def\s+\w+\s*\(|class\s+\w+\s*[:(])/.test(line)
  );
  if (definition < 0) return "";
  let start = definition;
  while (start > 0 && (CODE_LINE.test(lines[start - 1]) || lines[start - 1].trim() === "")) start--;
  let end = definition + 1;
  while (end < lines.length && (GOES_ON.test(lines[end]) || CODE_LINE.test(lines[end]))) end++;
  return lines.slice(start, end).join("\n").trim();
}

/** One code per version: a name that is defined again at the top level begins the next one. */
function versions(code: string): string[] {
  const lines = code.split("\n");
  const starts = [0];
  let seen = new Set<string>();
  lines.forEach((line, i) => {
    const name = line.match(/^(?:async\s+)?(?:def|class)\s+(\w+)/)?.[1];
    if (!name) return;
    if (seen.has(name)) {
      starts.push(startOfVersion(lines, i, starts.at(-1)!));
      seen = new Set();
    }
    seen.add(name);
  });
  const imports = lines.slice(0, starts[1] ?? 0).filter((line) => /^(from|import)\s/.test(line));
  return starts.map((start, v) => {
    const part = lines.slice(start, starts[v + 1]).join("\n").trim();
    const missing = imports.filter((line) => v > 0 && !part.includes(line));
    return [...missing, ...missing.length ? ["", ""] : [], part].join("\n");
  });
}

/** Comments, decorators and imports right above a definition belong to it. */
function startOfVersion(lines: string[], definition: number, floor: number): number {
  let start = definition;
  while (start - 1 > floor && /^(#|@|from\s|import\s|\s*$)/.test(lines[start - 1])) start--;
  return start;
}
