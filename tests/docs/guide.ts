/**
 * A guide of docs/, followed to the letter in a copy of the project.
 *
 * Its fenced blocks say what to do with them: `file=PATH` is a new file; with `after="…"` lines that go behind the
 * first line that holds it; `sh test` commands that are run, `sh network` commands that need more than
 * the tests have.
 *
 * @module
 */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";
import { copyOfProject } from "./copy.ts";

/** Guides that are followed to the letter. */
export const FOLLOWED = ["add-a-dataset", "add-a-loss", "add-a-model-family"] as const;

/** One thing that a guide asks for. */
type Step =
  | { do: "write"; file: string; text: string }
  | { do: "insert"; file: string; after: string; text: string }
  | { do: "run" | "network"; command: string };

/** The steps of a guide, in its order. */
export function stepsOf(markdown: string): Step[] {
  const fences = markdown.matchAll(/^```(\S+) ([^\n]+)\n(.*?)^```$/gms);
  return [...fences].flatMap(([, language, info, text]): Step[] => {
    const [, file] = /file=(\S+)/.exec(info) ?? [], [, after] = /after="([^"]+)"/.exec(info) ?? [];
    if (file && after) return [{ do: "insert", file, after, text }];
    if (file) return [{ do: "write", file, text }];
    if (language !== "sh") return [];
    const kind = info === "test" ? "run" : info === "network" ? "network" : null;
    assert.ok(kind, `commands are marked ${info}`);
    return text.trim().split("\n").map((command): Step => ({ do: kind, command }));
  });
}

/**
 * Follows a guide.
 *
 * @param name of its file in docs/, without the ending
 * @param network does what the commands marked `network` would, which tests cannot run
 */
export async function follow(
  name: typeof FOLLOWED[number],
  network?: (command: string, copy: string) => void,
): Promise<void> {
  const steps = stepsOf(await Deno.readTextFile(join(PROJECT_ROOT, "docs", `${name}.md`)));
  assert.ok(steps.some((step) => step.do === "run"), `${name} has no command to run`);
  const copy = await copyOfProject();
  try {
    for (const step of steps) {
      switch (step.do) {
        case "write":
          await Deno.mkdir(dirname(join(copy, step.file)), { recursive: true });
          await Deno.writeTextFile(join(copy, step.file), step.text, { createNew: true });
          break;
        case "insert":
          await insert(join(copy, step.file), step.after, step.text);
          break;
        case "network":
          assert.ok(network, `${name} needs the network`);
          network(step.command, copy);
          break;
        case "run":
          await run(step.command, copy);
      }
    }
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
}

async function insert(path: string, after: string, text: string): Promise<void> {
  const lines = (await Deno.readTextFile(path)).split("\n");
  const at = lines.findIndex((line) => line.includes(after));
  assert.ok(at >= 0, `${path} has no line with ${after}`);
  await Deno.writeTextFile(
    path,
    lines.toSpliced(at + 1, 0, ...text.trimEnd().split("\n")).join("\n"),
  );
}

/** Runs a command as it stands; `deno` is the one that runs the tests. */
async function run(command: string, cwd: string): Promise<void> {
  const [program, ...args] = command.split(" ");
  assert.equal(program, "deno", command);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  assert.ok(success, `${command}\n${said}`);
}
