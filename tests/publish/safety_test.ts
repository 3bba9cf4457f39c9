/** What is not published: names, addresses, secrets, and texts that are not ours to pass on. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { InputError } from "@/lib/errors.ts";
import { rowsOfFile } from "@/lib/datasets/row-files.ts";
import { checkOrigins, limitedOrigins, modelLicence } from "@/lib/publish/licences.ts";
import { publishFolder, type PublishOptions } from "@/lib/publish/publish-folder.ts";
import { withStore } from "@/lib/store/store.ts";
import { invite, removeAccount } from "@/lib/web/accounts.ts";
import {
  addPair,
  generation,
  label,
  labeledDatabase,
  question,
  withDatabase,
} from "@/tests/datasets/database.ts";

/** Made here, so that nobody's scanner takes this file for a leak. */
const KEY = ["ghp", "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"].join("_");

const CODES: Record<string, string> = {
  fine: 'mail = "alice@example.com"  # armada, adamant, ad_ada_hoc\nx = a@b',
  named: "# written for\n# Ada, with thanks\npass",
  mailed: "pass\n\n# questions to eve.k@mail.people.org",
  keyed: `x = 1\ntoken = "${KEY}"`,
};

/** A database of one question whose answers are {@link CODES}, each in a pair that `ada` labeled. */
async function texts(db: string): Promise<void> {
  await withStore(db, async (store) => {
    await store.insert("questions", [question("q")]);
    for (const [pair, code] of Object.entries(CODES)) {
      await addPair(store, pair, "q", [code, `y = "${pair}"`]);
      await store.insert("labels", [label(pair, "ada", "version1")]);
    }
  });
}

const refusal = async (
  db: string,
  folder: string,
  options: PublishOptions = {},
): Promise<string> => {
  try {
    await publishFolder(db, `${folder}/out`, options);
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    assert.ok(!existsSync(`${folder}/out`), "nothing is written");
    return error.message;
  }
  assert.fail("it was published");
};

Deno.test("account names, addresses and secrets are refused with their places; a secret is not repeated", () =>
  withDatabase(async ({ folder, db }) => {
    await texts(db);
    const message = await refusal(db, folder);
    assert.match(message, /account name Ada in the answer named-1, line 2/);
    assert.match(message, /address eve\.k@mail\.people\.org in the answer mailed-1, line 3/);
    assert.match(message, /secret \(github\) in the answer keyed-1, line 2/);
    assert.ok(!message.includes(KEY.slice(4, 12)));
    assert.doesNotMatch(message, /fine|example\.com/);
    assert.match(message, /findings=drop.*allow_words=\[/);

    const allowed = await refusal(db, folder, {
      allowWords: ["ADA", "eve.k@mail.people.org"],
    });
    assert.doesNotMatch(allowed, /account name|address/);
    assert.match(allowed, /secret \(github\)/);
  }));

Deno.test("findings=drop leaves their pairs out and counts them", () =>
  withDatabase(async ({ folder, db }) => {
    await texts(db);
    const { train, test, dropped } = await publishFolder(db, `${folder}/out`, {
      findings: "drop",
      testFraction: 0,
    });
    assert.deepEqual([train, test, dropped], [1, 0, { "private text": 3 }]);
    for (const config of ["data", "original"]) {
      const rows = await Array.fromAsync(
        rowsOfFile(`${folder}/out/${config}/train-00000-of-00001.parquet`),
      );
      assert.deepEqual(rows.map(({ value }) => value.version1 ?? value.pair), [
        config === "data" ? "fine" : CODES.fine,
      ]);
    }
  }));

Deno.test("questions and names of models are looked through too", () =>
  withDatabase(async ({ folder, db }) => {
    await withStore(db, async (store) => {
      await store.insert("questions", [question("q", { description: "Asked by\nMay Li." })]);
      await store.insert("generations", [
        generation("a", "q", { model: "/home/may li/smollm2.gguf" }),
        generation("b", "q"),
      ]);
      await store.insert("pairs", [
        { id: "p", slug: "q", version1: "a", version2: "b", kind: "generated" },
      ]);
      await store.insert("labels", [label("p", "May Li", "version1")]);
    });
    const message = await refusal(db, folder);
    assert.match(message, /account name May Li in the question q, line 4/);
    assert.match(message, /account name may li in the name of the model \/home\/may li/);
    assert.match(
      await refusal(db, folder, { findings: "drop" }),
      /in the name of the model/,
      "leaving a pair out does not help there",
    );
  }));

Deno.test("names of accounts are looked for, also of people who have not labeled yet or were removed", () =>
  withDatabase(async ({ folder, db }) => {
    await withStore(db, async (store) => {
      await store.insert("questions", [question("q")]);
      await addPair(store, "p", "q", ["# thanks to Zora and old Tim\npass", "x = 1"]);
      await store.insert("labels", [label("p", "ada", "version1")]);
      for (const name of ["zora", "Tim"]) await invite(store, name, "labeler", 1);
      await removeAccount(store, "Tim");
    });
    const message = await refusal(db, folder);
    assert.match(message, /account name Zora in the answer p-1, line 1/);
    assert.match(message, /account name Tim in the answer p-1, line 1/);
  }));

Deno.test("the card has pseudonyms by a salt that stays in the database", () =>
  withDatabase(async ({ folder, db }) => {
    await labeledDatabase(db, 6);
    const labelers = async (path: string, out: string) => {
      await publishFolder(path, `${folder}/${out}`);
      const card = await Deno.readTextFile(`${folder}/${out}/README.md`);
      const salt = await withStore(
        path,
        (store) =>
          store.row<{ value: string }>("SELECT value FROM settings WHERE key = 'pseudonym_salt'"),
      );
      assert.ok(!card.includes(JSON.parse(salt!.value)));
      return card.match(/labeler-[0-9a-f]{8}/g);
    };
    const first = await labelers(db, "out");
    assert.equal(first?.length, 1);
    assert.deepEqual(await labelers(db, "again"), first);
    await labeledDatabase(`${folder}/other.duckdb`, 6);
    assert.notDeepEqual(await labelers(`${folder}/other.duckdb`, "other"), first);
  }));

Deno.test("what may not be passed on has to be accepted by name, and makes the licence other", () =>
  withDatabase(async ({ folder, db }) => {
    await withStore(db, async (store) => {
      await store.insert("questions", [
        question("q", { source: "leetcode", licence: "LeetCode's terms", redistributable: false }),
      ]);
      await store.insert("generations", [
        generation("a", "q", { model: "codellama:7b" }),
        generation("b", "q", { model: "smollm2" }),
        generation("c", "q", { model: "reference", provider: "reference" }),
      ]);
      await store.insert("pairs", [
        { id: "p", slug: "q", version1: "a", version2: "b", kind: "generated" },
        { id: "r", slug: "q", version1: "c", version2: "b", kind: "generated" },
      ]);
      await store.insert("labels", [label("p", "ada", "version1"), label("r", "ada", "version1")]);
    });
    const check = (accept: string[]) => (facts: Parameters<typeof checkOrigins>[0]) => {
      assert.deepEqual([...limitedOrigins(facts).keys()], ["leetcode", "codellama:7b"]);
      checkOrigins(facts, accept);
    };
    const message = await refusal(db, folder, { check: check(["leetcode"]), testFraction: 0 });
    assert.match(message, /codellama:7b: the Llama 2 Community License limits/);
    assert.doesNotMatch(message, /leetcode: /);
    assert.match(message, /accept=\[leetcode,codellama:7b\]/);
    await publishFolder(db, `${folder}/out`, {
      check: check(["leetcode", "codellama:7b"]),
      testFraction: 0,
    });
    const card = await Deno.readTextFile(`${folder}/out/README.md`);
    assert.match(card, /^license: other$/m);
    assert.match(card, /leetcode: its texts may not be passed on.*codellama:7b/);
    assert.match(card, /\| reference \| the question's \| 1 \|/);
  }));

Deno.test("licences of models are known by their names, each with its source; others are unknown and limit use", () => {
  const names: Record<string, string[]> = {
    "Apache-2.0": [
      ...["smollm2", "qwen2.5-coder:7b", "Qwen/Qwen2.5-Coder-32B-Instruct", "TinyLlama-1.1B"],
      ...["granite-code:3b", "granite-8b-code-instruct", "gemma4:e4b", "qwen3:8b", "Qwen/Qwen3-8B"],
    ],
    "MIT": ["phi3:mini", "microsoft/phi-4"],
    "Llama 2 Community License": ["codellama:7b", "codellama/CodeLlama-7b-hf", "llama2:13b"],
    "Meta Llama 3 Community License": ["llama3:8b", "meta-llama/Meta-Llama-3-8B-Instruct"],
    "Llama Community License (3.1 and later)": ["llama3.2", "meta-llama/Llama-3.1-8B", "llama4"],
    "Gemma Terms of Use": ["gemma2:2b", "gemma:7b", "codegemma", "google/gemma-3-4b-it"],
    "Qwen Research License": ["qwen2.5-coder:3b", "Qwen/Qwen2.5-3B-Instruct"],
    "Qwen License": ["qwen2.5:72b"],
    "BigCode OpenRAIL-M": ["starcoder2:3b"],
    "DeepSeek License Agreement": ["deepseek-coder:6.7b", "deepseek-coder-v2:16b"],
    "unknown": ["mine", "ollama", "qwen3.8-2.4t", "phi4-mini", "codestral", "granite3.3"],
  };
  for (const [licence, models] of Object.entries(names)) {
    for (const model of models) {
      const { name, limitsUse, source } = modelLicence(model);
      assert.equal(name, licence, model);
      assert.equal(limitsUse, !["Apache-2.0", "MIT"].includes(licence), model);
      assert.equal(source?.startsWith("https://") ?? false, licence !== "unknown", model);
    }
  }
});
