import { DuckDBInstance } from "@duckdb/node-api";
import assert from "node:assert/strict";
import { readAnyFormat } from "@/lib/datasets/any-format.ts";
import { rowsOfFile } from "@/lib/datasets/row-files.ts";
import { InputError } from "@/lib/errors.ts";
import type { ChatMessage } from "@/lib/models/tokenizer.ts";
import { bytes, gzipped, jsonl, parquet, readAll, withFiles } from "./files.ts";

const user = (content: string): ChatMessage => ({ role: "user", content });
const model = (content: string): ChatMessage => ({ role: "assistant", content });
const system = (content: string): ChatMessage => ({ role: "system", content });
const refused = (work: Promise<unknown>, pattern: RegExp) =>
  assert.rejects(work, (error) => error instanceof InputError && pattern.test(error.message));

/** What is read of a row: prompt and responses. */
function parts(row: Record<string, unknown>) {
  const read = readAnyFormat(row);
  if ("leftOut" in read) return read.leftOut;
  return [read.messages ?? read.prompt, ...read.responses];
}

Deno.test("prompt, chosen and rejected, as text and as conversations", () => {
  const expected = ["q", "a", "b"];
  assert.deepEqual(parts({ prompt: "q", chosen: "a", rejected: "b" }), expected);
  assert.deepEqual(
    parts({ prompt: [user("q")], chosen: [model("a")], rejected: [model("b")] }),
    expected,
  );
  assert.deepEqual(parts({ prompt: [user("q")], chosen: "a", rejected: "b" }), expected);
  // UltraFeedback's: the messages hold the prompt once more.
  assert.deepEqual(
    parts({
      prompt: "q",
      chosen: [user("q"), model("a")],
      rejected: [user("q"), model("b")],
    }),
    expected,
  );
  const asked = [system("s"), user("q"), model("r"), user("t")];
  assert.deepEqual(parts({ prompt: asked, chosen: [model("a")], rejected: [model("b")] }), [
    asked,
    "a",
    "b",
  ]);
});

Deno.test("an implicit prompt is what TRL's extract_prompt takes for it", () => {
  // Prompt, chosen and rejected as TRL 1.16 returns them.
  for (
    const [chosen, rejected, ...expected] of [
      ["The sky is blue.", "The sky is green.", "The sky is", " blue.", " green."],
      ["ab", "abc", "a", "b", "bc"],
      ["same text", "same text", "same tex", "t", "t"],
      ["a b", "a c", "a", " b", " c"],
      ["a 🌱x", "a 🌲x", "a", " 🌱x", " 🌲x"],
      ["abc d", "abc", "ab", "c d", "c"],
      ["one  two", "one  three", "one  t", "wo", "hree"],
    ]
  ) {
    assert.deepEqual(parts({ chosen, rejected }), expected);
  }
  assert.throws(
    () => readAnyFormat({ question: "q", chosen: "a b", rejected: "a c" }),
    /lacks prompt: .*found question, chosen, rejected/,
  );
  const before = [system("s"), user("q")];
  assert.deepEqual(
    parts({ chosen: [...before, model("a")], rejected: [...before, model("b")] }),
    [before, "a", "b"],
  );
  assert.deepEqual(
    parts({ chosen: [user("q"), model("a")], rejected: [user("q"), model("a")] }),
    ["q", "a", "a"],
  );
});

Deno.test("rows that say nothing about one prompt and one response are left out with a reason", () => {
  assert.equal(parts({ chosen: "x", rejected: "y" }), "chosen and rejected with no common prompt");
  assert.equal(
    parts({
      chosen: [user("q"), model("a"), user("r"), model("s")],
      rejected: [user("q"), model("b")],
    }),
    "response of several messages",
  );
  assert.equal(
    parts({ prompt: [user("q"), model("a")], chosen: [model("b")], rejected: [model("c")] }),
    "prompt that ends with the model's own message",
  );
});

Deno.test("of unpaired responses each desirable one is preferred to each other one of its prompt", () =>
  withFiles({
    "kto.jsonl": jsonl([
      { prompt: "q", completion: "good", label: true },
      { prompt: "only bad", completion: "x", label: false },
      { prompt: "q", completion: "bad", label: false },
      { prompt: "only good", completion: "y", label: true },
      { prompt: [user("q")], completion: [model("better")], label: true },
      { prompt: "q", completion: "worse", label: false },
    ]),
  }, async (folder) => {
    const { examples, source } = await readAll(`${folder}/kto.jsonl`, "train", { testFraction: 0 });
    assert.deepEqual(examples, [
      {
        prompt: "q",
        responses: ["good", "bad", "better", "worse"],
        pairs: [[0, 1], [0, 3], [2, 1], [2, 3]],
        sft_target: "better",
        truncationMode: "keep_start",
      },
      {
        prompt: "only good",
        responses: ["y"],
        pairs: [],
        sft_target: "y",
        truncationMode: "keep_start",
      },
    ]);
    assert.deepEqual(source.leftOut, { "prompt without a desirable response": 1 });
    assert.deepEqual([source.prompts, source.pairs], [2, 4]);
  }));

const ROWS = [
  { prompt: "2024-01-01", chosen: 'a, "b"\nc', rejected: "12" },
  { prompt: "ünï 🌱", chosen: "yes", rejected: "no" },
];
const CSV = 'rejected,chosen,prompt\n12,"a, ""b""\nc",2024-01-01\nno,yes,ünï 🌱\n';

Deno.test("JSON Lines, JSON, CSV and Parquet hold the same rows, compressed or not", async () => {
  const query = ROWS.map((row) =>
    `SELECT ${
      Object.entries(row).map(([name, text]) => `'${text.replaceAll("'", "''")}' AS ${name}`)
    }`
  ).join(" UNION ALL ");
  await withFiles({
    "a.jsonl": jsonl(ROWS),
    "b.jsonl.gz": await gzipped(jsonl(ROWS)),
    "c.json": JSON.stringify(ROWS, null, 2),
    "d.json": jsonl(ROWS),
    "e.json.gz": await gzipped(JSON.stringify(ROWS)),
    "f.csv": CSV,
    "g.csv.gz": await gzipped(CSV),
    "h.parquet": await parquet(query),
    "i.tsv": 'prompt\tchosen\trejected\n2024-01-01\t"a, ""b""\nc"\t12\nünï 🌱\tyes\tno\n',
  }, async (folder) => {
    for await (const { name } of Deno.readDir(folder)) {
      const { examples } = await readAll(`${folder}/${name}`, "train", { testFraction: 0 });
      assert.deepEqual(
        examples.map(({ prompt, responses }) => ({
          prompt,
          chosen: responses[0],
          rejected: responses[1],
        })),
        ROWS,
        name,
      );
    }
  });
});

Deno.test("conversations in Parquet, truth values in CSV", async () =>
  await withFiles({
    "chat.parquet": await parquet(
      "SELECT [{'content': 'q', 'role': 'user'}, {'content': 'a', 'role': 'assistant'}] AS chosen, " +
        "[{'content': 'q', 'role': 'user'}, {'content': 'b', 'role': 'assistant'}] AS rejected",
    ),
    "kto.csv": "prompt,completion,label\nq,a,True\nq,b,False\n",
  }, async (folder) => {
    for (const name of ["chat.parquet", "kto.csv"]) {
      const { examples: [{ prompt, responses, pairs }] } = await readAll(
        `${folder}/${name}`,
        "train",
        { testFraction: 0 },
      );
      assert.deepEqual([prompt, responses, pairs], ["q", ["a", "b"], [[0, 1]]]);
    }
  }));

Deno.test("Parquet whose rows are all one large group, as pandas writes it, is read", () =>
  withFiles({}, async (folder) => {
    const path = `${folder}/large.parquet`, rows = 100_000;
    const instance = await DuckDBInstance.create(":memory:"), connection = await instance.connect();
    await connection.run(
      `COPY (SELECT 'q' || i AS prompt, i || repeat('a', 2000) AS chosen, i || repeat('b', 2000) AS rejected
         FROM range(${rows}) t(i)) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE ${rows})`,
    );
    connection.closeSync();
    instance.closeSync();
    let read = 0;
    for await (const { value } of rowsOfFile(path)) {
      if (read++ % 10_000 === 0) {
        assert.equal((value.chosen as string).slice(-2000), "a".repeat(2000));
      }
    }
    assert.equal(read, rows);
  }));

Deno.test("files that are broken are refused with what they were read as", () =>
  withFiles({
    "a.json": '[{"prompt": "q", "cho',
    "b.json": '"text"',
    "c.jsonl.gz": bytes("no gzip"),
    "d.csv": "question,answer\nq,a\n",
    "e.csv": "prompt,completion,label\nq,a,maybe\n",
  }, async (folder) => {
    const reading = (name: string) => readAll(`${folder}/${name}`, "train");
    await refused(reading("a.json"), /a\.json cannot be read as JSON/);
    await refused(reading("b.json"), /b\.json .*JSON/);
    await refused(reading("c.jsonl.gz"), /c\.jsonl\.gz is broken/);
    await refused(
      reading("d.csv"),
      /d\.csv row 1: lacks prompt, chosen, rejected: expected columns prompt, chosen, rejected, found question, answer/,
    );
    await refused(reading("e.csv"), /e\.csv row 1: label has to be true or false, found "maybe"/);
  }));

Deno.test("a few malformed rows are counted, many mean another dataset", () => {
  const rows = (broken: number) =>
    jsonl(
      Array.from({ length: 100 }, (_, i) =>
        i < broken
          ? { prompt: `p${i}`, chosen: null, rejected: "b" }
          : { prompt: `p${i}`, chosen: "a", rejected: "b" }),
    );
  return withFiles({ "five.jsonl": rows(5), "six.jsonl": rows(6) }, async (folder) => {
    const { source } = await readAll(`${folder}/five.jsonl`, "train", { testFraction: 0 });
    assert.deepEqual([source.pairs, source.leftOut], [95, { malformed: 5 }]);
    await refused(
      readAll(`${folder}/six.jsonl`, "train"),
      /six\.jsonl line 1: chosen has to be text, found nothing.*6 of 100 rows/,
    );
  });
});
