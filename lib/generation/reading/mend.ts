/**
 * Solutions under a name that nobody asked for.
 *
 * @module
 */
import { isSameName } from "@/lib/generation/reading/names.ts";
import { boundNames, parsePython, type Program, renamed } from "@/lib/generation/reading/python.ts";
import { rootsOf, solutionsIn } from "@/lib/generation/reading/versions.ts";

/** What is wanted of a solution. */
export interface Wanted {
  /** The function, method or class that the tests call. */
  entryPoint: string;
  /**
   * The code that the question begins with. A function that takes another number of parameters is not renamed, and
   * an answer that goes on inside this code is put behind it.
   */
  starterCode?: string;
}

/** A name that was put right. */
export interface Mended {
  from: string;
  to: string;
}

/** Whether a program defines what is wanted, at its top level or as a method. */
export function defines(program: Program, { entryPoint }: Wanted): boolean {
  return program.statements.some(({ binds, methods }) =>
    [...binds, ...methods.keys()].some((name) => isSameName(name, entryPoint))
  );
}

/**
 * The program with the wanted name, where it has exactly one definition that can be meant; undefined where it has
 * none or several.
 */
export function mended(
  program: Program,
  wanted: Wanted,
): { program: Program; mended: Mended } | undefined {
  const { entryPoint: to } = wanted;
  const isTaken = program.statements.some(({ uses }) => uses.has(to)) ||
    boundNames(program.text).has(to);
  const candidates = isTaken ? [] : candidatesIn(program, wanted);
  if (candidates.length !== 1) return undefined;
  const [{ name: from, isMethod }] = candidates;
  return {
    program: parsePython(renamed(program.text, from, to, isMethod)),
    mended: { from, to },
  };
}

function candidatesIn(
  program: Program,
  { entryPoint, starterCode }: Wanted,
): { name: string; isMethod: boolean }[] {
  if (/^[A-Z]/.test(entryPoint)) {
    return rootsOf(program).filter(({ kind }) => kind === "class")
      .map(({ binds }) => ({ name: binds[0], isMethod: false }));
  }
  const parameters = starterCode && parametersOf(parsePython(starterCode), entryPoint);
  const fits = (names: string[]) => !parameters || names.length === parameters.length;
  const solution = solutionsIn(program).find(({ kind, binds }) =>
    kind === "class" && binds[0] === "Solution"
  );
  if (solution) {
    const methods = [...solution.methods];
    return methods.filter(([name, { parameters }]) =>
      !name.startsWith("_") && fits(withoutSelf(parameters)) &&
      !methods.some(([other, { attributes }]) => other !== name && attributes.has(name))
    ).map(([name]) => ({ name, isMethod: true }));
  }
  return rootsOf(program).filter(({ kind, parameters }) => kind === "function" && fits(parameters))
    .map(({ binds }) => ({ name: binds[0], isMethod: false }));
}

function parametersOf({ statements }: Program, name: string): string[] | undefined {
  for (const { binds, methods, parameters } of statements) {
    const method = methods.get(name);
    if (binds[0] === name) return parameters;
    if (method) return withoutSelf(method.parameters);
  }
}

function withoutSelf(parameters: string[]): string[] {
  return parameters.filter((parameter) => parameter !== "self");
}

/**
 * The starter code with an answer that goes on inside it, as models without instruction tuning write them:
 * undefined where the answer does not begin with an indented line, or the two make no Python.
 */
export function completed(text: string, { starterCode, entryPoint }: Wanted): Program | undefined {
  const lines = text.replace(/^(?:[ \t]*\n)+/, "").split("\n");
  if (!starterCode || !/^[ \t]+\S/.test(lines[0])) return undefined;
  const end = lines.findIndex((line) => /^\S/.test(line));
  const head = starterCode.trimEnd().replace(/\n[ \t]+(?:pass|\.\.\.)$/, "");
  const body = lines.slice(0, end < 0 ? undefined : end).join("\n").trimEnd();
  const program = parsePython(`${head}\n${body}`);
  const makes = program.isValid && defines(program, { entryPoint });
  return makes && !solutionsIn(program).some(({ isStub }) => isStub) ? program : undefined;
}
