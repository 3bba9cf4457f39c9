/**
 * From pieces of Python to solutions: pieces that need one another are one solution, pieces that define the same
 * thing again are versions of it, and what only tries a solution out is none.
 *
 * @module
 */
import type { Fragment } from "@/lib/generation/reading/fragments.ts";
import { areAlternatives } from "@/lib/generation/reading/names.ts";
import {
  isDefinition,
  parsePython,
  type Program,
  type Statement,
  textOf,
  tokensOf,
} from "@/lib/generation/reading/python.ts";

/** The solutions in an answer. */
export interface Versions {
  programs: Program[];
  /** A piece at the end was left out because it is unfinished. */
  isCut: boolean;
}

/**
 * The solutions that pieces of an answer make.
 *
 * @param isAtLimit the answer ended because it reached its length limit, so that what is open is unfinished
 */
export function versionsOf(fragments: Fragment[], isAtLimit: boolean): Versions {
  let isCut = false;
  const whole: Program[] = [];
  for (const { program, isOpen } of fragments) {
    const finished = isOpen ? finishedPart(program, isAtLimit) : program;
    if (finished !== program) isCut = true;
    if (finished) whole.push(finished);
  }
  const supplies: Program[] = [];
  const versions: Program[][] = [];
  for (const piece of whole.flatMap(splitVersions)) {
    if (!piece.statements.some(isSolution)) {
      if (isSupply(piece)) supplies.push(piece);
      continue;
    }
    const last = versions.at(-1);
    if (last && belongsTo(piece, last)) last.push(piece);
    else versions.push([piece]);
  }
  const known = [...supplies, ...whole];
  const complete = versions.map((pieces) => withNeeds(pieces, supplies, known));
  return { programs: distinct(complete), isCut };
}

/** Definitions that a program is about: no tests, and nothing that only tries others out. */
export function solutionsIn({ statements }: Program): Statement[] {
  return statements.filter(isSolution);
}

/** Those among them that no other one uses: what a reader would call the solution. */
export function rootsOf(program: Program): Statement[] {
  const all = solutionsIn(program);
  return all.filter((one) => !all.some((other) => other !== one && other.uses.has(one.binds[0])));
}

function isSolution(statement: Statement): boolean {
  return isDefinition(statement) && !isTrial(statement);
}

const TRIAL =
  /^(?:_*tests?|test[A-Z_0-9].*|.*_tests?|check|run_?tests?|main|demo|examples?|example_?usage|usage|driver|benchmark|run_?examples?|metadata)$/i;

function isTrial({ kind, binds, bases, parameters, methods }: Statement): boolean {
  if (kind === "class") {
    return bases.includes("TestCase") || /^Tests?([A-Z_]|$)/.test(binds[0]) ||
      (methods.size > 0 &&
        [...methods.keys()].every((name) => /^(test|setUp|tearDown)/.test(name)));
  }
  return TRIAL.test(binds[0]) && (parameters.length === 0 || /^_*test|^check$/i.test(binds[0]));
}

function isSupply({ statements }: Program): boolean {
  return statements.some(({ kind }) => kind === "import" || kind === "assignment") &&
    statements.every(({ kind }) => ["import", "assignment", "comment", "text"].includes(kind));
}

/** What of an open piece is finished; undefined where it is nothing that counts. */
function finishedPart(program: Program, isAtLimit: boolean): Program | undefined {
  if (program.isValid && !isAtLimit) return program;
  const lines = program.text.split("\n");
  let start = lines.findLastIndex((line) => /^[^\s#)\]}]/.test(line) && !CLAUSE.test(line));
  while (start > 0 && /^[@#]/.test(lines[start - 1])) start--;
  const before = parsePython(lines.slice(0, Math.max(0, start)).join("\n").trimEnd());
  const tail = lines.slice(Math.max(0, start)).join("\n");
  if (!isAtLimit && !isUnfinished(tail)) return program;
  if (!before.isValid || !before.statements.some(isSolution)) return undefined;
  const name = tail.match(/^(?:async\s+)?(?:def|class)\s+(\w*)/m)?.[1];
  const isAgain = before.statements.some(({ binds }) => name !== undefined && binds.includes(name));
  const isTrialName = name !== undefined && (TRIAL.test(name) || /^Test/.test(name));
  return name === undefined || isAgain || isTrialName ? before : undefined;
}

const CLAUSE = /^(?:elif\b|else\b|except\b|finally\b)/;

/** Whether a statement that is no Python would be, or begin, one without its last line. */
function isUnfinished(text: string): boolean {
  const lines = text.trimEnd().split("\n");
  const before = lines.slice(0, -1).join("\n");
  const body = before === "" ? "" : `${before}\n${lines.at(-1)!.match(/^\s*/)![0]}pass`;
  return lines.length === 1 || parsePython(before).isValid || parsePython(body).isValid;
}

/** One program per version: a name that is defined again begins the next one, and so does an alternative. */
function splitVersions(program: Program): Program[] {
  const { statements } = program;
  const starts = [0];
  let seen = new Map<string, Statement>();
  const alternatives = alternativeRoots(program);
  statements.forEach((statement, i) => {
    if (!isDefinition(statement) || statement.binds[0] === "_") return;
    const [name] = statement.binds;
    const isAgain = seen.has(name) && !seen.get(name)!.isStub;
    if (isAgain || alternatives.has(statement)) {
      let start = i;
      while (start - 1 > starts.at(-1)! && isLead(statements[start - 1], statements, start - 1)) {
        start--;
      }
      // An alternative's own helpers stand before it.
      while (
        !isAgain && start - 1 > starts.at(-1)! && isDefinition(statements[start - 1]) &&
        statement.uses.has(statements[start - 1].binds[0])
      ) start--;
      starts.push(start);
      seen = new Map();
    }
    seen.set(name, statement);
  });
  if (starts.length === 1) return [program];
  return starts.map((start, v) => {
    const from = v === 0 ? 0 : statements[start].from;
    const to = v + 1 < starts.length ? statements[starts[v + 1]].from : program.text.length;
    return parsePython(program.text.slice(from, to).trim());
  });
}

/** Whether a statement before a version belongs to it: comments, imports, and values that are set again. */
function isLead({ kind, binds }: Statement, all: Statement[], index: number): boolean {
  return ["comment", "text", "import"].includes(kind) ||
    (kind === "assignment" && all.slice(0, index).some((other) => other.binds.includes(binds[0])));
}

/** Roots of a program that are versions of one another, by their names or by the comment above, without the first. */
function alternativeRoots(program: Program): Set<Statement> {
  const [first, ...others] = rootsOf(program).filter(({ isStub }) => !isStub);
  const found = others.filter((other) =>
    areAlternatives(first, other) || (isLabelled(program, first) && isLabelled(program, other))
  );
  return new Set(found.length === others.length ? found : []);
}

const LABEL =
  /^\W*(?:solution|method|approach|version|option|alternative|implementation|technique|way)\b/i;

/** Whether the comment above a statement says that it is one of several. */
function isLabelled(program: Program, statement: Statement): boolean {
  const before = program.statements[program.statements.indexOf(statement) - 1];
  return before !== undefined && ["comment", "text"].includes(before.kind) &&
    LABEL.test(textOf(program, before));
}

/** Whether a piece goes on with a version: it uses it, or is used by it, and defines nothing anew. */
function belongsTo(piece: Program, version: Program[]): boolean {
  const mine = solutionsIn(piece);
  const theirs = version.flatMap(solutionsIn);
  const names = new Set(theirs.map(({ binds }) => binds[0]));
  if (mine.some(({ binds }) => names.has(binds[0]))) return false;
  const roots = version.flatMap(rootsOf);
  if (rootsOf(piece).some((one) => roots.some((other) => areAlternatives(one, other)))) {
    return false;
  }
  return mine.some(({ uses }) => theirs.some(({ binds }) => uses.has(binds[0]))) ||
    theirs.some(({ uses }) => mine.some(({ binds }) => uses.has(binds[0])));
}

/** A version with the imports, constants and helpers that it takes from elsewhere in the answer. */
function withNeeds(pieces: Program[], supplies: Program[], known: Program[]): Program {
  let text = pieces.map((piece) => piece.text).join("\n\n");
  const bound = (program: Program) => new Set(program.statements.flatMap(({ binds }) => binds));
  for (let round = 0; round < 5; round++) {
    const program = parsePython(text);
    const mine = bound(program);
    const used = new Set(program.statements.flatMap(({ uses }) => [...uses]));
    const isMissing = (name: string) => used.has(name) && !mine.has(name);
    const found: string[] = [];
    for (const source of known) {
      if (source.statements.length === 0) continue;
      if (supplies.includes(source)) {
        if (source.statements.some(({ binds }) => binds.some(isMissing))) found.push(source.text);
      } else {
        for (const statement of source.statements) {
          const isTaken = statement.kind === "import" || isSolution(statement) ||
            (statement.kind === "assignment" && /^[A-Z_\d]+$/.test(statement.binds[0] ?? "a"));
          if (isTaken && statement.binds.some(isMissing)) found.push(textOf(source, statement));
        }
      }
      parsePython(found.join("\n")).statements.forEach(({ binds }) =>
        binds.forEach((name) => mine.add(name))
      );
    }
    if (found.length === 0) return program;
    text = `${found.join("\n")}\n\n${text}`;
  }
  return parsePython(text);
}

/** Versions that say something of their own: no repetitions, and no sketches of what another one carries out. */
function distinct(programs: Program[]): Program[] {
  const seen = new Set<string>();
  return programs.filter((program) => {
    const definitions = solutionsIn(program);
    const key = definitions.map((one) => spelling(textOf(program, one))).sort().join("\n");
    const isSketch = definitions.every((one) =>
      isSketchy(program, one) &&
      programs.some((other) =>
        other !== program &&
        solutionsIn(other).some((full) => full.binds[0] === one.binds[0] && !isSketchy(other, full))
      )
    );
    if (seen.has(key) || isSketch) return false;
    seen.add(key);
    return true;
  });
}

function spelling(text: string): string {
  return tokensOf(text).map((token) => token.text).join(" ");
}

function isSketchy(program: Program, statement: Statement): boolean {
  return statement.isStub ||
    /^[ \t]*(?:\.\.\.|#[ \t]*(?:\.\.\.|…|rest of|your code|existing code|todo\b|same as).*)$/im
      .test(textOf(program, statement));
}
