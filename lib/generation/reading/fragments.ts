/**
 * The pieces of Python in an answer, in their order: what stands in blocks, amid prose, in JSON, or in a line.
 *
 * @module
 */
import { bareCode } from "@/lib/generation/reading/bare-code.ts";
import { isProse } from "@/lib/generation/reading/prose.ts";
import { dedent, isPythonTag, type Part, partsOf } from "@/lib/generation/reading/fences.ts";
import {
  isDefinition,
  parsePython,
  type Program,
  textOf,
} from "@/lib/generation/reading/python.ts";
import { hasEntities, isSession, REPAIRS } from "@/lib/generation/reading/repairs.ts";

/** A piece of Python. */
export interface Fragment {
  program: Program;
  /** It reaches to the answer's end without a mark that it ends there. */
  isOpen: boolean;
  /** Its lines as they stand, where it may go on inside the piece before it. */
  indented?: string;
}

/** The Python in an answer that is clean already. */
export function fragmentsOf(text: string): Fragment[] {
  const parts = partsOf(text);
  const fragments = parts.flatMap((part, i) => {
    const isLast = i === parts.length - 1;
    return part.isBlock ? fromBlock(part, isLast) : fromProse(part, isLast);
  });
  const joined = joinTorn(fragments);
  if (joined.some(({ program }) => program.statements.some(isDefinition))) return joined;
  const inline = [...text.matchAll(/(?<!`)`([^`\n]*\b(?:def|lambda)\b[^`\n]*)`(?!`)/g)]
    .map(([, code]) => parsePython(code.trim()))
    .filter((program) => program.isValid && program.statements.some(isDefinition));
  return inline.length > 0 ? inline.map((program) => ({ program, isOpen: false })) : joined;
}

function fromBlock(part: Part, isLast: boolean): Fragment[] {
  const lines = dedent(part.lines);
  const text = trimmed(lines).replace(LANGUAGE_LINE, "");
  const inJson = fromJson(text);
  if (inJson) return inJson;
  const isOpen = isLast && !part.isClosed;
  const raw = part.lines.join("\n").replace(/^(?:[ \t]*\n)+/, "");
  const indented = /^[ \t]/.test(raw) ? raw.trimEnd() : undefined;
  const program = parsePython(text);
  if (program.isValid && !hasEntities(text)) return [{ program, isOpen, indented }];
  const repaired = repair(text);
  if (repaired?.isValid) return [{ program: repaired, isOpen }];
  const asBare = bareCode(text.split("\n"));
  const isRead = asBare.some((bare) => bare.program.isValid);
  const source = isRead || !repaired ? program : repaired;
  const isCode = HEADER_LINE.test(source.text) || isPythonTag(part.tag);
  const hasProse = source.text.split("\n").some((line) => /^\S/.test(line) && isProse(line));
  const found = source === program ? asBare : bareCode(source.text.split("\n"));
  // Where the code itself is wrong, the block says better than we where it begins and ends.
  const isWrong = !found.every((bare) => bare.program.isValid);
  return found.length > 0 && !(isWrong && isCode && !hasProse && part.isClosed)
    ? found.map((bare) => ({ program: bare.program, isOpen: isOpen && bare.isLast }))
    : isCode
    ? [{ program: source, isOpen, indented }]
    : [];
}

function fromProse(part: Part, isLast: boolean): Fragment[] {
  const text = trimmed(part.lines);
  const inJson = fromJson(text);
  if (inJson) return inJson;
  let found = bareCode(part.lines);
  if (!found.some(({ program }) => program.isValid && !hasEntities(program.text))) {
    let repaired = text;
    for (const change of REPAIRS) {
      const before = repaired;
      repaired = change(repaired);
      if (repaired === before) continue;
      const better = bareCode(repaired.split("\n"));
      if (!better.some(({ program }) => program.isValid && !hasEntities(program.text))) continue;
      found = better.map((bare) => ({ ...bare, program: withoutUse(bare.program, text) }));
      break;
    }
  }
  return found.map((bare) => ({ program: bare.program, isOpen: isLast && bare.isLast }));
}

/** A tag that slipped into the block. */
const LANGUAGE_LINE = /^[ \t]*(?:python\d?|py)[ \t]*\n/i;
const HEADER_LINE = /^[ \t]*(?:async[ \t]+)?def[ \t]+\w+[ \t]*\(.*:[ \t]*(?:#.*)?$/m;

/** The text's Python after as many repairs as it takes; undefined where nothing was to be repaired. */
function repair(text: string): Program | undefined {
  let repaired = text;
  let best: Program | undefined;
  for (const change of REPAIRS) {
    const before = repaired;
    const after = change(before);
    if (after === before) continue;
    const program = parsePython(trimmed(dedent(after.split("\n"))));
    const isBetter = program.statements.some(isDefinition);
    if (program.isValid && isBetter) return withoutUse(program, text);
    // Spaces for tabs and the like change nothing that counts, unless they make it Python.
    if (isBetter) {
      repaired = program.text;
      best = program;
    }
  }
  return best;
}

/** What was typed at a prompt to try things out is no part of the program. */
function withoutUse(program: Program, original: string): Program {
  if (!isSession(original)) return program;
  const kept = program.statements.filter(({ kind }) =>
    ["import", "function", "class", "assignment", "comment"].includes(kind)
  );
  return parsePython(kept.map((statement) => textOf(program, statement)).join("\n\n"));
}

/** Texts in JSON that hold code; undefined where the text is no JSON, or holds none. */
function fromJson(text: string): Fragment[] | undefined {
  if (!/^[[{"]/.test(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const texts: string[] = [];
  const collect = (inner: unknown) => {
    if (typeof inner === "string") texts.push(inner);
    else if (Array.isArray(inner)) {
      // Lines of a notebook's cell.
      const isLines = inner.length > 1 && inner.every((line) => typeof line === "string") &&
        inner.slice(0, -1).every((line) => line.endsWith("\n"));
      if (isLines) texts.push(inner.join(""));
      else inner.forEach(collect);
    } else if (inner && typeof inner === "object") Object.values(inner).forEach(collect);
  };
  collect(value);
  const found = texts.filter((inner) => /\b(?:def|class)\s/.test(inner)).flatMap(fragmentsOf)
    .filter(({ program }) => program.statements.some(isDefinition));
  return found.length > 0 ? found.map((fragment) => ({ ...fragment, isOpen: false })) : undefined;
}

/** Pieces that were torn in the middle of a function or class, put together where that makes them Python. */
function joinTorn(fragments: Fragment[]): Fragment[] {
  const joined: Fragment[] = [];
  for (const fragment of fragments) {
    const before = joined.at(-1);
    const { indented, program } = fragment;
    const isMethod = program.statements.find(isDefinition)?.parameters[0] === "self";
    const isPart = !program.statements.some(isDefinition) || isMethod;
    if (before && indented !== undefined && isPart) {
      const whole = parsePython(`${before.program.text}\n${isMethod ? "\n" : ""}${indented}`);
      const defines = before.program.statements.some(isDefinition);
      if (defines && whole.isValid && whole.statements.length <= before.program.statements.length) {
        joined[joined.length - 1] = { program: whole, isOpen: fragment.isOpen };
        continue;
      }
    }
    joined.push(fragment);
  }
  return joined;
}

function trimmed(lines: string[]): string {
  return lines.join("\n").replace(/^(?:[ \t]*\n)+/, "").trimEnd();
}
