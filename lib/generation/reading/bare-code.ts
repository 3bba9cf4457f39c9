/**
 * Code that stands amid prose without any mark.
 *
 * Lines are taken together to units: a line and what is indented below it. A unit is code when it parses and is a
 * statement that a program has at its top level; words that merely happen to parse (`Output: 5`, `True`, `O(n)`)
 * are none. Neighbouring units of code are a program.
 *
 * @module
 */
import { isDefinition, parsePython, type Program } from "@/lib/generation/reading/python.ts";
import { isProse } from "@/lib/generation/reading/prose.ts";
import { dedent } from "@/lib/generation/reading/fences.ts";

/** A program found in prose. */
export interface BareProgram {
  program: Program;
  /** Whether it reaches to the text's end, so that it may go on behind it. */
  isLast: boolean;
}

const HEADER = /^(?:(?:async\s+)?def\s+\w+\s*[([].*|class\s+\w+\s*[:([].*)$/;
const DECORATOR = /^@[\w.]+(\(.*\))?\s*$/;
const CONTINUES = /^(?:elif\b.*|else\s*|except\b.*|finally\s*):/;
/** How many lines an open bracket or string may reach. */
const REACH = 60;
/** How many ends of a piece are tried before prose that is indented. */
const ENDS = 10;
/** How often, in one text, pieces are tried longer than their indents say. */
const LONGER = 500;
/** How deep prose is looked into, indent by indent. */
const DEPTH = 12;

/** Programs with a definition amid lines of prose. */
export function bareCode(lines: string[], depth = 0): BareProgram[] {
  if (!lines.some((line) => /\b(?:def|class|lambda)\b/.test(line))) return [];
  const units = unitsOf(lines, depth);
  const lastUnit = units.findLast((unit) => !unit.isBlank);
  const programs: BareProgram[] = [];
  let run: Unit[] = [];
  const finish = (isLast: boolean) => {
    const first = run.findIndex((unit) => unit.isCode && unit.definesSomething);
    if (first >= 0) {
      const text = run.map((unit) => unit.lines.join("\n")).join("\n");
      const program = parsePython(text.replace(/^\n+|\s+$/g, ""));
      programs.push({ program, isLast });
    }
    run = [];
  };
  for (const unit of units) {
    if (unit.inner) {
      finish(false);
      programs.push(...unit.inner.map((bare) => ({
        ...bare,
        isLast: bare.isLast && unit === lastUnit,
      })));
    } else if (unit.isBlank) {
      if (run.length > 0) run.push(unit);
    } else if (unit.isCode) run.push(unit);
    else finish(false);
  }
  finish(lastUnit?.isCode ?? false);
  return programs;
}

interface Unit {
  lines: string[];
  isBlank?: boolean;
  isCode?: boolean;
  definesSomething?: boolean;
  /** Programs in what is indented below a line of prose. */
  inner?: BareProgram[];
}

/** What is known on the way through a text. */
interface State {
  /** Names that calls may be made of. */
  defined: Set<string>;
  /** How many longer pieces may still be tried. */
  longer: number;
}

function unitsOf(all: string[], depth: number): Unit[] {
  const lines = dedent(all);
  const state: State = { defined: new Set(["print", "assert"]), longer: LONGER };
  const units: Unit[] = [];
  for (let i = 0; i < lines.length;) {
    if (lines[i].trim() === "") {
      units.push({ lines: [lines[i++]], isBlank: true });
      continue;
    }
    const end = extent(lines, i);
    const isBehindCode = units.at(-1)?.isCode ?? false;
    const code = isBehindCode && /^#(?!#)/.test(lines[i])
      ? { lines: [lines[i]], isCode: true }
      : codeUnit(lines, i, end, state);
    if (code) {
      units.push(code);
      i += code.lines.length;
      continue;
    }
    // Prose; what is indented below it may be code.
    const below = lines.slice(i + 1, end);
    const isBroken = HEADER.test(lines[i]);
    const isDeep = isBroken || depth === DEPTH;
    const inner = below.length > 0 && !isDeep ? bareCode(below, depth + 1) : [];
    units.push({ lines: lines.slice(i, end), ...inner.length > 0 ? { inner } : {} });
    i = Math.max(end, i + 1);
  }
  return units;
}

/** Behind the last line of the unit that begins at `start`. */
function extent(lines: string[], start: number): number {
  let end = start + 1;
  const isWithin = (line: string) => line.trim() === "" || /^\s/.test(line) || CONTINUES.test(line);
  const isPrefix = (line: string) => DECORATOR.test(line);
  for (let i = start; isPrefix(lines[i] ?? "") && i + 1 < lines.length; i++) end = i + 2;
  // A comment may stand at any column.
  const isComment = (at: number) =>
    /^#/.test(lines[at]) &&
    /^\s+\S/.test(lines.slice(at).find((line) => !/^(#.*|\s*)$/.test(line)) ?? "");
  while (end < lines.length && (isWithin(lines[end]) || isComment(end))) end++;
  while (end > start + 1 && lines[end - 1].trim() === "") end--;
  return end;
}

/** The unit as code, longer or shorter than its indents say where that makes it Python. */
function codeUnit(
  lines: string[],
  start: number,
  end: number,
  state: State,
): Unit | undefined {
  const first = lines[start];
  if (/^#+\s/.test(first) && end === start + 1) return commentUnit(lines, start);
  if (!couldBegin(first)) return undefined;
  const tried = (to: number): Unit | undefined => {
    const part = lines.slice(start, to);
    const program = parsePython(part.join("\n"));
    if (!program.isValid || !isTopLevel(program, state.defined)) return undefined;
    program.statements.forEach(({ binds }) => binds.forEach((name) => state.defined.add(name)));
    return { lines: part, isCode: true, definesSomething: program.statements.some(isDefinition) };
  };
  const whole = tried(end);
  if (whole) return whole;
  // A string or bracket that goes on in lines that are not indented.
  if (/'''|"""|[([{][^\])}]*$/.test(lines.slice(start, end).join("\n"))) {
    for (let to = end + 1; to <= Math.min(lines.length, start + REACH); to++) {
      if (!/['"\])}]/.test(lines[to - 1]) || state.longer-- <= 0) continue;
      const longer = tried(extentFrom(lines, to));
      if (longer) return longer;
    }
  }
  // Indented prose behind the code, after a blank line.
  for (let to = end - 1, tries = 0; to > start + 1 && tries < ENDS; to--) {
    if (lines[to - 1].trim() !== "" || !isProse(lines[to])) continue;
    tries++;
    const shorter = tried(to - 1);
    if (shorter) return shorter;
  }
  // Code that its writer got wrong is code all the same.
  const header = lines.slice(start, end).find((line) => !DECORATOR.test(line));
  const body = lines.slice(start + 1, end).filter((line) => line.trim() !== "");
  if (
    header && HEADER.test(header) && /:\s*(#.*)?$/.test(header) &&
    body.some((line) => !isProse(line))
  ) {
    return { lines: lines.slice(start, end), isCode: true, definesSomething: true };
  }
  return undefined;
}

function extentFrom(lines: string[], to: number): number {
  while (to < lines.length && /^\s+\S/.test(lines[to])) to++;
  return to;
}

/** A comment counts where code follows; Markdown's headings look the same. */
function commentUnit(lines: string[], start: number): Unit | undefined {
  const next = lines[start + 1];
  const isNear = next !== undefined && next.trim() !== "" && !isProse(next);
  return /^#(?!#)/.test(lines[start]) && isNear && (couldBegin(next) || /^#/.test(next))
    ? { lines: [lines[start]], isCode: true }
    : undefined;
}

function couldBegin(line: string): boolean {
  return /^(?:import|from|def|class|async|@|if|for|while|try|with|assert|del|global|[A-Za-z_][\w.[\]'"]*\s*(?:,|=|\(|:[^=]+=|[-+*/|&^%]=)|print\b|"""|''')/
    .test(line) && !isProse(line);
}

function isTopLevel({ statements, text }: Program, defined: Set<string>): boolean {
  return statements.every(({ kind, from, to, uses }) => {
    const words = text.slice(from, to);
    switch (kind) {
      case "import":
      case "function":
      case "class":
      case "comment":
        return true;
      case "assignment":
        // `Check: 6 * 7 = 42` is an annotated assignment to a parser alone.
        return !/^\w+\s*:/.test(words) || /^\w+\s*:\s*[A-Za-z_"'][\w.[\], |"']*=/.test(words);
      case "call":
        return [...uses].some((name) => defined.has(name));
      case "text":
        return false;
      default:
        return /^(if|for|while|try|with|assert|del|global|async|print|match)\b|^\S+\s*[-+*/|&^%@]{1,2}=/
          .test(words);
    }
  });
}
