import assert from "node:assert/strict";
import { InputError } from "@/lib/errors.ts";
import { pairId, tokenizePair, tokenizeSequence } from "@/lib/datasets/tokenize.ts";
import { byteTokenizer } from "@/tests/datasets/byte-tokenizer.ts";

const EOS = byteTokenizer.eosId;
const bytes = (text: string) => byteTokenizer.encode(text);
const texts = { prompt: "abcdefgh", chosen: "12345", rejected: "xy" };
const tokenize = (options: Partial<Parameters<typeof tokenizePair>[2]>) =>
  tokenizePair(byteTokenizer, texts, { maxLength: 100, maxPromptLength: 50, ...options });

Deno.test("a pair that fits is prompt, response and one EOS", () => {
  const pair = tokenize({});
  assert.deepEqual(pair.chosen, { ids: [...bytes("abcdefgh12345"), EOS], start: 8 });
  assert.deepEqual(pair.rejected, { ids: [...bytes("abcdefghxy"), EOS], start: 8 });
  assert.deepEqual(pair.truncated, { prompt: false, chosen: false, rejected: false });
  assert.equal(pair.id, pairId(texts));
});

Deno.test("a long prompt is cut first, at the end that the mode names, for both responses alike", () => {
  const start = tokenize({ maxLength: 13, maxPromptLength: 4 });
  assert.deepEqual(start.chosen, { ids: [...bytes("abcd12345"), EOS], start: 4 });
  assert.deepEqual(start.rejected, { ids: [...bytes("abcdxy"), EOS], start: 4 });
  assert.deepEqual(start.truncated, { prompt: true, chosen: false, rejected: false });
  const end = tokenize({ maxLength: 13, maxPromptLength: 4, truncationMode: "keep_end" });
  assert.deepEqual(end.chosen.ids, [...bytes("efgh12345"), EOS]);
});

Deno.test("responses that are still too long lose their end, EOS included", () => {
  const pair = tokenize({ maxLength: 8, maxPromptLength: 4 });
  assert.deepEqual(pair.chosen, { ids: bytes("abcd1234"), start: 4 });
  assert.deepEqual(pair.rejected, { ids: [...bytes("abcdxy"), EOS], start: 4 });
  assert.deepEqual(pair.truncated, { prompt: true, chosen: true, rejected: false });
});

Deno.test("a short prompt with long responses: only responses are cut and only they are counted", () => {
  const pair = tokenizePair(byteTokenizer, { prompt: "ab", chosen: "1234567", rejected: "x" }, {
    maxLength: 8,
    maxPromptLength: 4,
  });
  assert.deepEqual(pair.chosen, { ids: bytes("ab1234"), start: 2 });
  assert.deepEqual(pair.truncated, { prompt: false, chosen: true, rejected: false });
});

Deno.test("the chat format wraps the prompt, whose EOS does not matter", () => {
  const pair = tokenize({ promptFormat: "chat" });
  assert.deepEqual(pair.chosen.ids, [257, ...bytes("abcdefgh"), EOS, 258, ...bytes("12345"), EOS]);
  assert.equal(pair.chosen.start, 11);
});

Deno.test("a long chat prompt loses text of the message and keeps the template", () => {
  const cut = (truncationMode: "keep_start" | "keep_end") =>
    tokenize({ promptFormat: "chat", maxLength: 14, maxPromptLength: 7, truncationMode }).chosen;
  assert.deepEqual(cut("keep_start").ids.slice(0, 7), [257, ...bytes("abcd"), EOS, 258]);
  assert.deepEqual(cut("keep_end").ids.slice(0, 7), [257, ...bytes("efgh"), EOS, 258]);
  assert.throws(
    () => tokenize({ promptFormat: "chat", maxLength: 9, maxPromptLength: 2 }),
    /template alone takes 3 tokens/,
  );
});

Deno.test("EOS inside a response is refused with the text's beginning", () => {
  assert.throws(
    () =>
      tokenizePair(byteTokenizer, { ...texts, rejected: "bad \u0000EOS" }, {
        maxLength: 9,
        maxPromptLength: 4,
      }),
    (error) => error instanceof InputError && /rejected.*end-of-sequence.*bad/.test(error.message),
  );
});

Deno.test("lengths without room for responses are refused", () => {
  assert.throws(() => tokenize({ maxLength: 4, maxPromptLength: 4 }), /max_length=4/);
  assert.throws(() => tokenize({ maxPromptLength: 0 }), /max_prompt_length=0/);
});

Deno.test("tokenizeSequence never truncates and closes with EOS", () => {
  assert.deepEqual(tokenizeSequence(byteTokenizer, "p".repeat(900), "r"), {
    ids: [...bytes("p".repeat(900)), ...bytes("r"), EOS],
    start: 900,
  });
});
