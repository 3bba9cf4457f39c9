/**
 * The commands in fences of README, docs and notebooks, and how each is marked behind its language:
 *
 * - `sh test`: the tests run it as it stands; `sh test by=FILE`: that test file does what it does
 * - `sh network`: needs more than this machine has: downloads, the hub, a server of Ollama
 * - `sh gpu`: needs GPUs or several machines
 *
 * `console` is for commands behind `$` with what they print, which is compared.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

export const MARKS = ["test", "network", "gpu"] as const;
export type Mark = typeof MARKS[number];

/** A fence that holds commands. */
export interface Fence {
  file: string;
  /** Of its first line. */
  line: number;
  mark: Mark;
  /** The test file that does what the fence says. */
  by?: string;
  commands: Command[];
}

/** One command line, without comments and continued lines put together. */
export interface Command {
  words: string[];
  /** What it prints, where the fence says so. */
  printed?: string;
}

const SHELLS = ["sh", "bash", "shell", "zsh", "console", "bat", "powershell"];
const COMMAND = /^(\$ |npx |deno |pip |git clone |ollama |python3? )/m;

/** All Markdown that people read: files at the root, in docs and beside code, and the text of notebooks. */
export async function documentation(): Promise<{ file: string; text: string }[]> {
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files", "--cached", "--others", "--exclude-standard", "*.md", "notebooks/*.ipynb"],
    cwd: PROJECT_ROOT,
  }).output();
  const files = new TextDecoder().decode(stdout).trim().split("\n").filter((file) =>
    !file.startsWith("tests/")
  );
  return await Promise.all(
    files.sort().map(async (file) => {
      const text = await Deno.readTextFile(join(PROJECT_ROOT, file));
      return { file, text: file.endsWith(".ipynb") ? textOfNotebook(text) : text };
    }),
  );
}

function textOfNotebook(json: string): string {
  const { cells } = JSON.parse(json) as {
    cells: { cell_type: string; source: string | string[] }[];
  };
  return cells.filter(({ cell_type }) => cell_type === "markdown")
    .map(({ source }) => [source].flat().join("")).join("\n\n");
}

/**
 * The fences of one text that hold commands.
 *
 * @throws AssertionError for one that is not marked
 */
export function fencesOf(file: string, text: string): Fence[] {
  const found: Fence[] = [];
  for (const match of text.matchAll(/^([ >]*)(`{3,})([^\n]*)\n(.*?)^\1\2 *$/gms)) {
    const [language = "", ...info] = match[3].trim().split(/\s+/);
    const isShell = SHELLS.includes(language);
    if (!isShell && !(language === "" && COMMAND.test(match[4]))) continue;
    const line = text.slice(0, match.index).split("\n").length;
    const mark = MARKS.find((mark) => info[0] === mark);
    const by = info[1]?.match(/^by=(\S+)$/)?.[1];
    assert.ok(
      isShell && mark && info.length === (by ? 2 : 1),
      `${file}:${line}: mark commands as \`\`\`sh test, network or gpu, not \`\`\`${match[3]}`,
    );
    const commands = language === "console" ? dialogue(match[4]) : lines(match[4]);
    assert.ok(commands.length > 0, `${file}:${line}: no command`);
    found.push({ file, line, mark, by, commands });
  }
  return found;
}

function lines(body: string): Command[] {
  return body.replaceAll(/\\\n\s*/g, " ").split("\n")
    .map((line) => ({ words: wordsOf(line) }))
    .filter(({ words }) => words.length > 0);
}

function dialogue(body: string): Command[] {
  return body.split(/^\$ /m).slice(1).map((part) => {
    const [line, ...printed] = part.split("\n");
    return { words: wordsOf(line), printed: printed.join("\n") };
  });
}

const wordsOf = (line: string): string[] =>
  line.replace(/(^|\s)#.*$/, "").trim().split(/\s+/).filter(Boolean);

/** The words after `deno`, where a command is Deno's or is it by way of npx. */
export function denoWords({ words }: Command): string[] | undefined {
  const [first, second, third] = words;
  if (first === "deno") return words.slice(1);
  return first === "npx" && second === "-y" && third.startsWith("deno@")
    ? words.slice(3)
    : undefined;
}

/** Name and settings of one of the project's tasks. */
export function taskWords(command: Command): { task: string; settings: string[] } | undefined {
  const [task, name, ...settings] = denoWords(command) ?? [];
  return task === "task" ? { task: name, settings } : undefined;
}
