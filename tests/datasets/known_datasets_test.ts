/** Rows in the columns of datasets on the hub. The reference's three are compared with it in reference_test.ts. */
import assert from "node:assert/strict";
import { DATASETS } from "@/lib/datasets/registry.ts";
import type { SourceRow } from "@/lib/datasets/source-row.ts";
import { InputError } from "@/lib/errors.ts";
import { byteTokenizer } from "./byte-tokenizer.ts";
import { tokenizePair } from "@/lib/datasets/tokenize.ts";
import { jsonl, readAll, withFiles } from "./files.ts";

const read = (name: string, row: SourceRow) => DATASETS[name].read(row);
const pair = { pairs: [[0, 1]] };
const refuses = (name: string, row: SourceRow, message: RegExp) =>
  assert.throws(
    () => read(name, row),
    (error) => error instanceof InputError && message.test(error.message),
  );

Deno.test("ultrafeedback: conversations with the prompt in them, from the preference splits", async () => {
  const row = {
    prompt: "q",
    prompt_id: "0",
    chosen: [{ content: "q", role: "user" }, { content: "a", role: "assistant" }],
    rejected: [{ content: "q", role: "user" }, { content: "b", role: "assistant" }],
    messages: [],
    score_chosen: 8,
    score_rejected: 3,
  };
  assert.deepEqual(read("ultrafeedback", { ...row, score_rejected: 8 }), {
    leftOut: "equal scores",
  });
  const card = `---
configs:
- config_name: default
  data_files:
  - { split: train_sft, path: data/train_sft-* }
  - { split: train_prefs, path: data/train_prefs-* }
  - { split: test_prefs, path: data/test_prefs-* }
---
`;
  await withFiles({
    "README.md": card,
    "data/train_sft-0.jsonl": jsonl([{ ...row, prompt: "not this" }]),
    "data/train_prefs-0.jsonl": jsonl([row]),
    "data/test_prefs-0.jsonl": jsonl([{ ...row, prompt: "held" }]),
  }, async (folder) => {
    const { examples } = await readAll(`ultrafeedback+path=${folder}`, "train");
    assert.deepEqual(examples, [
      {
        prompt: "q",
        responses: ["a", "b"],
        ...pair,
        sft_target: "a",
        truncationMode: "keep_start",
      },
    ]);
    assert.equal((await readAll(`ultrafeedback+path=${folder}`, "test")).examples.length, 1);
    const named = `${folder}+train=train_sft+test=test_prefs`;
    assert.equal((await readAll(named, "train")).examples.length, 1);
    await assert.rejects(
      readAll(`${folder}+train=train_rm`, "train"),
      /no files of a split train_rm/,
    );
    await assert.rejects(
      readAll(`${folder}+config=x`, "train"),
      /no config x; its card names default/,
    );
  });
});

Deno.test("code_ultrafeedback: instruction, chosen and rejected", () => {
  assert.deepEqual(
    read("code_ultrafeedback", {
      instruction: "q",
      chosen: "a",
      rejected: "b",
      chosen_rating: "5",
    }),
    { prompt: "q", responses: ["a", "b"], ...pair, sft_target: "a" },
  );
  refuses("code_ultrafeedback", { prompt: "q", chosen: "a", rejected: "b" }, /lacks instruction/);
});

Deno.test("orca_dpo: a system message makes the prompt a conversation, for the chat format alone", () => {
  const row = { system: "", question: "q", chosen: "a", rejected: "b" };
  const plain = { prompt: "q", responses: ["a", "b"], ...pair, sft_target: "a" };
  assert.deepEqual(read("orca_dpo", row), plain);
  const asked = read("orca_dpo", { ...row, system: "s" });
  assert.ok("prompt" in asked);
  const messages = [{ role: "system", content: "s" }, { role: "user", content: "q" }];
  assert.deepEqual(asked, { ...plain, prompt: "system: s\n\nuser: q", messages });
  const texts = { prompt: asked.prompt, messages, chosen: "a", rejected: "b" };
  const lengths = { maxLength: 20, maxPromptLength: 10 };
  assert.deepEqual(
    tokenizePair(byteTokenizer, texts, { ...lengths, promptFormat: "chat" }).chosen.ids,
    [257, 115, 256, 258, 257, 113, 256, 258, 97, 256],
  );
  assert.throws(
    () => tokenizePair(byteTokenizer, texts, lengths),
    /conversation of 2 messages.*prompt_format=chat/,
  );
  refuses("orca_dpo", { question: "q", chosen: "a", rejected: "b" }, /lacks system/);
});

Deno.test("a long conversation loses text at the end that the mode names, and no message", () => {
  const messages = [{ role: "system", content: "abc" }, { role: "user", content: "defg" }];
  const cut = (truncationMode: "keep_start" | "keep_end") =>
    byteTokenizer.decode(
      tokenizePair(byteTokenizer, { prompt: "", messages, chosen: "1234", rejected: "" }, {
        maxLength: 16,
        maxPromptLength: 11,
        promptFormat: "chat",
        truncationMode,
      }).chosen.ids,
    );
  assert.equal(cut("keep_start"), "<257>abc<256><258><257>de<256><258>1234<256>");
  assert.equal(cut("keep_end"), "<257>c<256><258><257>defg<256><258>1234<256>");
});

Deno.test("lc: the original's columns are mapped by name, and what is not known is not guessed", () => {
  const row = {
    id: "1",
    title: "Two Sum",
    description: "Add.",
    difficulty: "Easy",
    version1: "a",
    version2: "b",
    preference: "version2",
  };
  assert.deepEqual(read("lc", row), {
    prompt: "Add.",
    responses: ["a", "b"],
    pairs: [[1, 0]],
    sft_target: "b",
  });
  for (const preference of ["same", "both_bad", "", null]) {
    assert.deepEqual(read("lc", { ...row, preference }), { leftOut: "no preference" });
  }
  refuses(
    "lc",
    { ...row, preference: "left" },
    /version1, version2, same or both_bad, found "left"/,
  );
  const { description: _, ...without } = row;
  refuses(
    "lc",
    { ...without, prompt: "Add." },
    /lacks description: expected columns id, title, description.*found id, title/,
  );
  const { responses } = read("lc", { prompt: "q", chosen: "a", rejected: "b" }) as {
    responses: string[];
  };
  assert.deepEqual(responses, ["a", "b"]);
});
