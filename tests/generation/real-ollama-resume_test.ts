import assert from "node:assert/strict";
import { join } from "node:path";
import { ollamaServerPath } from "@/lib/setup/ollama-server.ts";
import { PROJECT_ROOT, smollm2Path } from "@/lib/setup/paths.ts";
import { type Question, questionToRow } from "@/lib/questions/question.ts";
import { withStore } from "@/lib/store/store.ts";
import { createModel, startOllama } from "@/tests/generation/real-ollama.ts";
import { type Fault, faultyProxy } from "./faulty-proxy.ts";

const program = ollamaServerPath();
if (!program) {
  console.log("Ollama is not built (it needs Go and a C compiler): its test is skipped.");
}

const QUESTIONS = 40;
const ANSWERS = 2;
const TOKENS = 48;

/** What happens to the n-th request, and when one of the two servers and the client die. */
const FAULTS = new Map<number, Fault>([
  [5, "garbled"],
  [9, "reset"],
  [14, 503],
  [18, "half"],
  [22, "drip"],
  [26, "torn"],
]);
const SERVER_DIES = 34;
const CLIENT_DIES = 62;

/** Short, because a prompt takes as long as an answer. */
function question(number: number): Question {
  return {
    slug: `plus-${number}`,
    number,
    title: `plus ${number}`,
    difficulty: "easy",
    topics: [],
    description: `Return x plus ${number}.`,
    examples: [],
    constraints: "",
    entry_point: `plus_${number}`,
    starter_code: `def plus_${number}(x):\n`,
    harness: null,
    unrunnable: null,
    reference_seconds: null,
    reference_code: null,
    source: "ours",
    source_version: "1",
    licence: "Apache-2.0",
    redistributable: true,
    split: "train",
  };
}

Deno.test({
  name:
    "40 questions × 2 answers of real Ollamas, one of which dies as the client does: each once, none twice",
  ignore: !program,
  async fn() {
    const folder = await Deno.makeTempDir();
    const dbPath = join(folder, "answers.duckdb");
    // Two servers with one thread each, which wait for nobody on a busy machine.
    const steady = await startOllama(program!, folder);
    let dying = await startOllama(program!, folder);
    const port = Number(new URL(dying.host).port);
    let restarted: Promise<void> = Promise.resolve();
    let client: Deno.ChildProcess | undefined;
    let requests = 0;
    const faultOf = () => {
      const n = requests++;
      if (n === SERVER_DIES) {
        restarted = dying.kill().then(async () => {
          dying = await startOllama(program!, folder, port);
        });
      }
      if (n === CLIENT_DIES) client!.kill("SIGKILL");
      return FAULTS.get(n) ?? "none";
    };
    const proxies = [steady, dying].map(({ host }) => faultyProxy(host, faultOf));
    const generate = () =>
      new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "-A", join(PROJECT_ROOT, "lib/cli/generate.ts"), `db=${dbPath}`],
          ...["model=ollama:smollm2-test", `ollama.hosts=[${proxies.map(({ host }) => host)}]`],
          ...["ask=one", `per_question=${ANSWERS}`, `max_attempts=${ANSWERS}`],
          ...[`num_predict=${TOKENS}`, "num_ctx=512", "json=true"],
        ],
        cwd: PROJECT_ROOT,
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    const stored = () =>
      withStore(
        dbPath,
        (store) =>
          store.rows<
            { request_key: string; slug: string; seed: number; completion_tokens: number }
          >(
            `SELECT request_key, slug, CAST(options->>'seed' AS INTEGER) AS seed, completion_tokens
           FROM generations WHERE variant = 0`,
          ),
      );
    try {
      await withStore(
        dbPath,
        (store) =>
          store.insert(
            "questions",
            Array.from({ length: QUESTIONS }, (_, i) => questionToRow(question(i))),
          ),
      );
      await createModel(program!, folder, steady.host, "smollm2-test", smollm2Path());
      client = generate();
      const killed = await client.output();
      assert.equal(killed.signal, "SIGKILL", new TextDecoder().decode(killed.stderr));
      await restarted;
      const before = await stored();
      const asked = requests;
      assert.ok(
        before.length > QUESTIONS && before.length < QUESTIONS * ANSWERS,
        `${before.length}`,
      );

      client = generate();
      const { code, stdout, stderr } = await client.output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const report = JSON.parse(new TextDecoder().decode(stdout));
      const answers: number[] = Object.values(report.statuses);
      assert.equal(answers.reduce((a, b) => a + b), QUESTIONS * ANSWERS);

      const after = await stored();
      const kinds = (key: (row: typeof after[number]) => unknown) => new Set(after.map(key)).size;
      assert.equal(after.length, QUESTIONS * ANSWERS);
      assert.equal(kinds((row) => row.request_key), QUESTIONS * ANSWERS);
      assert.equal(kinds((row) => `${row.slug} ${row.seed}`), QUESTIONS * ANSWERS);
      assert.equal(kinds((row) => row.slug), QUESTIONS);
      assert.ok(after.every((row) => row.completion_tokens <= TOKENS));
      assert.equal(
        requests - asked,
        QUESTIONS * ANSWERS - before.length,
        "only what was missing was asked for again",
      );
    } finally {
      await restarted;
      for (const proxy of proxies) await proxy.close();
      await steady.close();
      await dying.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
