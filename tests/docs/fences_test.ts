/**
 * Every command in a fence of the documentation is run, or resolved with `--print-config`. What is run is shared with
 * tiny settings: what a command does not say, the environment says ({@link TINY}).
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";
import { copyOfProject } from "./copy.ts";
import {
  type Command,
  denoWords,
  documentation,
  type Fence,
  fencesOf,
  taskWords,
} from "./fences.ts";
import { FOLLOWED } from "./guide.ts";
import { makeWorld, RUNS, TINY } from "./world.ts";

/** Processes at one time. */
const AT_ONCE = 2;

const followed = FOLLOWED.map((name) => `docs/${name}.md`);
const fences = (await documentation()).flatMap(({ file, text }) => fencesOf(file, text));
const where = ({ file, line }: Fence, { words }: Command) => `${file}:${line}: ${words.join(" ")}`;

interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Runs Deno in a folder; a task that serves is asked for its page and stopped. */
async function deno(
  words: readonly string[],
  cwd: string,
  env: Record<string, string>,
): Promise<Ended> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...words],
    cwd,
    env: { NO_COLOR: "1", HF_HUB_OFFLINE: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const err = new Response(child.stderr).text();
  let out = "", page: string | undefined;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    out += text;
    if (page !== undefined || !out.includes("Ctrl-C")) continue;
    [page = ""] = out.match(/http:\/\/127\.0\.0\.1:\d+\/\S*/) ?? [];
    // The link leads on, with a cookie that a browser would keep.
    const answer = await fetch(page, { redirect: "manual" }).catch(() => null);
    await answer?.body?.cancel();
    child.kill("SIGTERM");
    assert.ok(answer && answer.status < 400, `${page} answers ${answer?.status}`);
  }
  const { code } = await child.status;
  // Stopping it is how a server ends well.
  return { code: page !== undefined && code === 130 ? 0 : code, out, err: await err };
}

/** Does `work` for all, some at a time; reports every failure. */
async function forAll<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items], failures: unknown[] = [];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      await work(item).catch((error) => failures.push(error));
    }
  }));
  assert.equal(failures.length, 0, failures.map((error) => (error as Error).message).join("\n\n"));
}

/** A command that is no task of ours: what it names has to be there. */
async function lookUp(fence: Fence, command: Command): Promise<void> {
  const pins = (await Promise.all(
    [...Deno.readDirSync(PROJECT_ROOT)].filter(({ name }) => /^requirements.*\.txt$/.test(name))
      .map(({ name }) => Deno.readTextFile(join(PROJECT_ROOT, name))),
  )).join("\n");
  for (const word of command.words.slice(1)) {
    if (/^[\w-]+==/.test(word)) assert.ok(pins.includes(word), where(fence, command));
    if (/^(tests|lib)\/.*\w$/.test(word)) {
      assert.ok(existsSync(join(PROJECT_ROOT, word)), where(fence, command));
    }
  }
}

Deno.test("commands in fences are marked", async (t) => {
  await t.step("a fence without a mark, or with another one, is refused with its place", () => {
    for (
      const fence of [
        "```sh\ndeno task test\n```",
        "```\ndeno task test\n```",
        "```sh maybe\nls\n```",
      ]
    ) {
      assert.throws(() => fencesOf("README.md", `# Title\n\n${fence}\n`), /README\.md:3: mark/);
    }
  });
  await t.step("comments and continued lines are read as a shell does", () => {
    const [{ mark, commands }] = fencesOf(
      "x.md",
      "```sh gpu\n# all of it\ndeno task a b=1 \\\n  c=2  # why\nls\n```\n",
    );
    assert.deepEqual({ mark, words: commands.map(({ words }) => words.join(" ")) }, {
      mark: "gpu",
      words: ["deno task a b=1 c=2", "ls"],
    });
  });
});

Deno.test("commands that a test file does name one that does it", async () => {
  for (const { file, line, by, commands } of fences) {
    if (!by) continue;
    const text = await Deno.readTextFile(join(PROJECT_ROOT, by)).catch(() => "");
    const names = commands.map(({ words }) =>
      words.at(-1)!.startsWith("tests/") ? words.at(-1)!.replace(/^.*\//, "") : words.at(-1)!
    );
    for (const name of names) {
      assert.ok(text.includes(name), `${file}:${line}: ${by} has no ${name}`);
    }
  }
});

Deno.test("commands for the network and for GPUs are resolved", async () => {
  const counts = { network: 0, gpu: 0 };
  const asked = fences.flatMap((fence) => fence.commands.map((command) => ({ fence, command })))
    .filter(({ fence }) => fence.mark !== "test" && !followed.includes(fence.file));
  await forAll(asked, async ({ fence, command }) => {
    counts[fence.mark as "network" | "gpu"]++;
    const words = taskWords(command);
    if (!words) return await lookUp(fence, command);
    const { code, out, err } = await deno(
      ["task", "--quiet", words.task, ...words.settings, "--print-config"],
      PROJECT_ROOT,
      {},
    );
    assert.equal(code, 0, `${where(fence, command)}\n${err}`);
    assert.equal(typeof JSON.parse(out), "object");
  });
  console.log(`documentation: ${counts.network} network and ${counts.gpu} gpu commands resolved`);
});

Deno.test("commands marked test are run", async () => {
  const copy = await copyOfProject();
  const counts = { run: 0, shared: 0, byOthers: 0, followed: 0 };
  const done = new Set<string>();
  try {
    await makeWorld(copy);
    const train = (folder: string, ...settings: string[]) =>
      deno(
        `task --quiet train datasets=[data/datasets/lc] exp_name=made local_run_dir=${folder} n_examples=8`
          .split(" ").concat(settings),
        copy,
        TINY,
      );
    await forAll([
      [RUNS.sft, "loss=sft"],
      [RUNS.dpo, "loss=dpo", "loss.beta=0.1"],
      [RUNS.lora, "loss=sft", "lora.r=2"],
    ], async ([folder, ...settings]) => {
      const { code, err } = await train(folder, ...settings);
      assert.equal(code, 0, err);
    });
    const toRun = fences.filter((fence) => {
      if (fence.mark !== "test") return false;
      if (fence.by) counts.byOthers += fence.commands.length;
      else if (followed.includes(fence.file)) counts.followed += fence.commands.length;
      else return true;
      return false;
    });
    await forAll(toRun, async (fence) => {
      for (const command of fence.commands) {
        // What two pages say alike is run once.
        const line = command.words.join(" ");
        if (command.printed === undefined && done.has(line)) {
          counts.shared++;
          continue;
        }
        done.add(line);
        counts.run++;
        const words = denoWords(command);
        assert.ok(words, `${where(fence, command)}: only Deno's commands are run`);
        const env = taskWords(command)?.task === "train" ? TINY : { CODEPREF_PORT: "0" };
        const { code, out, err } = await deno(words, copy, env);
        assert.equal(code, 0, `${where(fence, command)}\n${out}${err}`);
        if (command.printed !== undefined) {
          assert.equal(out, command.printed, where(fence, command));
        }
      }
    });
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
  console.log(
    `documentation: ${counts.run} commands run, ${counts.shared} more that are the same, ` +
      `${counts.followed} followed in guides, ${counts.byOthers} run by tests of their own`,
  );
});
