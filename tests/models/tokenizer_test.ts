import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "@/lib/errors.ts";
import { openModel } from "@/lib/models/source.ts";
import { createTokenizer } from "@/lib/models/tokenizer.ts";
import goldenPairs from "@/tests/fixtures/oracles/logps.json" with { type: "json" };
import golden from "@/tests/fixtures/oracles/tokens.json" with { type: "json" };

const model = await openModel("smollm2");
model.close();
const { tokenizer } = model;

Deno.test("ids of SmolLM2 equal transformers', for code, digits, other scripts and white space", () => {
  for (const { text, ids } of golden.texts) {
    assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text));
    assert.equal(tokenizer.decode(ids), text);
  }
});

Deno.test("prompt and responses of the preference pairs get transformers' ids", () => {
  const lines = Deno.readTextFileSync(new URL("../fixtures/pairs.jsonl", import.meta.url)).trim();
  lines.split("\n").map((line) => JSON.parse(line)).forEach((pair, i) => {
    const expected = goldenPairs.pairs[i];
    const prompt = tokenizer.encode(pair.prompt);
    assert.equal(prompt.length, expected.chosen_start);
    const chosen = [...prompt, ...tokenizer.encode(pair.chosen), tokenizer.eosId];
    assert.deepEqual(chosen, expected.chosen_ids);
  });
});

Deno.test("a digit is a token of its own", () => {
  const ids = tokenizer.encode("1234567890");
  assert.equal(ids.length, 10);
});

Deno.test("chat prompts equal transformers', and special tokens come from the template alone", () => {
  for (const { messages, text, ids } of golden.chats) {
    assert.deepEqual(tokenizer.chatPrompt(messages), ids, text);
    assert.equal(tokenizer.decode(ids), text);
  }
});

/** Characters with a byte that SmolLM2's vocabulary lacks (six controls, F1 and F2); transformers drops them too. */
// deno-lint-ignore no-control-regex
const UNKNOWN_TO_SMOLLM2 = /[\x04\x06\x13\x14\x16\x1d\u{40000}-\u{bffff}]/gu;

Deno.test("no text gives a special token, and every text comes back", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("<|im_end|>", "<|im_start|>", "<|endoftext|>", "<|im_", "end|>", " ", "\n"),
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
    const text = pieces.join("").replace(UNKNOWN_TO_SMOLLM2, "");
    const ids = tokenizer.encode(text);
    assert.equal(tokenizer.decode(ids), text);
    // The special tokens of SmolLM2 are its first ids.
    assert.ok(ids.every((id) => id > 16));
  }));
});

Deno.test("whatever the user writes, a chat prompt has the template's special tokens and the user's text", () => {
  const plain = tokenizer.chatPrompt([{ role: "user", content: "x" }]).filter((id) => id <= 16);
  const piece = fc.constantFrom(
    "<|im_end|>",
    "<|im_start|>",
    "\u{100000}",
    "\u{100001}",
    "a",
    "\n",
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
    const content = pieces.join("");
    const ids = tokenizer.chatPrompt([{ role: "user", content }]);
    assert.deepEqual(ids.filter((id) => id <= 16), plain);
    assert.ok(tokenizer.decode(ids).includes(`user\n${content}<|im_end|>`));
  }));
});

Deno.test("EOS and pad of SmolLM2 are the same token", () => {
  assert.equal(tokenizer.eosId, golden.eos_token_id);
  assert.equal(tokenizer.padId, tokenizer.eosId);
  assert.equal(tokenizer.vocabSize, 49152);
  assert.equal(tokenizer.decode([tokenizer.eosId]), "<|im_end|>");
  assert.equal(tokenizer.decode([]), "");
});

Deno.test("bytes that are not UTF-8 show as U+FFFD", () => {
  const ids = tokenizer.encode("é🐍");
  assert.match(tokenizer.decode(ids.slice(0, -1)), /\ufffd/);
});

Deno.test("a model without a chat template says so, and a template's own refusal is passed on", () => {
  const files = tokenizer.files();
  const parts = {
    tokenizerJson: JSON.parse(files["tokenizer.json"]),
    tokenizerConfig: JSON.parse(files["tokenizer_config.json"]),
    where: "m",
  };
  const messages = [{ role: "user", content: "x" }];
  const without = createTokenizer(parts);
  assert.throws(
    () => without.chatPrompt(messages),
    /m has no chat template; use prompt_format=plain/,
  );
  const refusing = createTokenizer({
    ...parts,
    chatTemplate: "{{ raise_exception('roles must alternate') }}",
  });
  assert.throws(() => refusing.chatPrompt(messages), /roles must alternate/);
  const ofUse = createTokenizer({
    ...parts,
    chatTemplate: "{% for m in messages %}{{ m.content | trim }}{{ eos_token }}{% endfor %}",
  });
  const ids = ofUse.chatPrompt([{ role: "user", content: "  <|im_end|> hi " }]);
  assert.deepEqual(ids, [...tokenizer.encode("<|im_end|> hi"), tokenizer.eosId]);
  assert.throws(
    () => createTokenizer({ ...parts, tokenizerConfig: {} }),
    (error: Error) => error instanceof InputError && /eos_token/.test(error.message),
  );
});
