/** Tokenizers of every kind through GGUF and back, against the tokenizers library (tests/oracles/oracle_gguf_tokens.py). */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { openGguf } from "@/lib/models/gguf.ts";
import { openModel } from "@/lib/models/source.ts";
import { createTokenizer, type Tokenizer } from "@/lib/models/tokenizer.ts";
import { ggufTokenizerParts } from "@/lib/models/tokenizer-gguf.ts";
import {
  byteLevelTokenizer,
  GOLDEN,
  type Kind,
  saveZeros,
  sentencePieceTokenizer,
} from "./golden-tokenizers.ts";

for (const [name, kind] of Object.entries(GOLDEN.byte_level)) {
  Deno.test(`${name}: byte-level BPE keeps its tokens through GGUF`, () => {
    const tokenizer = byteLevelTokenizer(kind);
    sameIds(tokenizer, kind, name);
    return throughGguf(tokenizer, {}, ({ metadata, notes, again }) => {
      assert.equal(metadata["tokenizer.ggml.model"], "gpt2");
      assert.equal(metadata["tokenizer.ggml.pre"], name);
      assert.deepEqual(notes, []);
      sameIds(again, kind, `${name} again`);
      sameTexts(again, tokenizer, ["olmo", "qwen2"].includes(name));
      assert.equal(again.eosId, tokenizer.eosId);
    });
  });
}

/** Which texts begin with a space, where a prefix that is not put there differs. */
const beginsWithSpace = GOLDEN.texts.map((text) => text.startsWith(" "));

for (const [name, kind] of Object.entries(GOLDEN.sentencepiece)) {
  Deno.test(`${name}: SentencePiece's BPE keeps its tokens through GGUF, with its merges and without`, () => {
    const tokenizer = sentencePieceTokenizer(kind);
    sameIds(tokenizer, kind, name);
    return throughGguf(tokenizer, {}, ({ metadata, notes, again, file }) => {
      assert.equal(metadata["tokenizer.ggml.model"], "llama");
      assert.equal(metadata["tokenizer.ggml.add_space_prefix"], name !== "gemma");
      assert.equal(notes.length, name === "mistral-v3" ? 1 : 0);
      const skipped = (i: number) => name === "mistral-v3" && beginsWithSpace[i];
      sameIds(again, kind, `${name} again`, skipped);
      if (name !== "mistral-v3") sameTexts(again, tokenizer);
      // Most files have scores alone; Gemma's are told by the order of tokens.
      const { "tokenizer.ggml.merges": _, ...alone } = file.metadata;
      const architecture = name === "gemma" ? "gemma2" : "llama";
      const implied = createTokenizer(
        ggufTokenizerParts({
          ...file,
          metadata: { ...alone, "general.architecture": architecture },
        }),
      );
      sameIds(implied, kind, `${name} without merges`, skipped);
    });
  });
}

Deno.test("types, scores and ids of SentencePiece's tokens are those that llama.cpp's converter writes", () => {
  const { json } = GOLDEN.sentencepiece.gemma, { vocab } = json.model;
  const tokenizer = sentencePieceTokenizer(GOLDEN.sentencepiece.gemma);
  const rows = Object.keys(vocab).length + 3;
  return throughGguf(tokenizer, { vocab_size: rows }, ({ metadata }) => {
    const at = (token: string) => vocab[token];
    const types = metadata["tokenizer.ggml.token_type"] as number[];
    const tokens = metadata["tokenizer.ggml.tokens"] as string[];
    const scores = metadata["tokenizer.ggml.scores"] as number[];
    assert.deepEqual(types.slice(0, 3), [2, 3, 3], "unknown, control");
    assert.deepEqual([types[at("\n\n")], types[at("▁▁")]], [4, 4], "user-defined");
    assert.equal(tokens[at("▁▁")], "  ", "with spaces as they are");
    assert.equal(types[at("<0x0A>")], 6, "byte");
    assert.deepEqual(types.slice(-3), [5, 5, 5], "unused rows");
    const [first, second] = (json.model.merges as [string, string][]).map((merge) =>
      merge.join("")
    );
    assert.deepEqual([scores[at(first)], scores[at(second)]].map(Math.abs), [0, 1]);
    assert.equal(metadata["tokenizer.ggml.unknown_token_id"], 0);
    assert.equal(metadata["tokenizer.ggml.bos_token_id"], 1);
    assert.equal(metadata["tokenizer.ggml.eos_token_id"], 2);
    assert.equal(metadata["tokenizer.ggml.add_bos_token"], false);
  });
});

Deno.test("a file that wants BOS before prompts says so to those who read the saved tokenizer", () => {
  const tokenizer = sentencePieceTokenizer(GOLDEN.sentencepiece.llama);
  return throughGguf(tokenizer, {}, ({ file }) => {
    const processorOf = (metadata: Record<string, unknown>) =>
      ggufTokenizerParts({ ...file, metadata }).tokenizerJson.post_processor as {
        single: unknown[];
      } | null;
    const { "tokenizer.ggml.add_bos_token": _, ...unsaid } = file.metadata;
    assert.equal(processorOf(file.metadata), null);
    assert.deepEqual(processorOf(unsaid)!.single, [
      { SpecialToken: { id: "<s>", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
    ]);
  });
});

Deno.test("SmolLM2's own tokenizer keeps its tokens", async () => {
  const { tokenizer, close } = await openModel("smollm2");
  close();
  await throughGguf(tokenizer, { max_position_embeddings: 8192 }, ({ metadata, again }) => {
    assert.equal(metadata["tokenizer.ggml.pre"], "smollm");
    for (const text of GOLDEN.texts) assert.deepEqual(again.encode(text), tokenizer.encode(text));
    assert.equal(again.padId, tokenizer.padId);
    assert.deepEqual(again.files(), tokenizer.files());
  });
});

function sameIds(tokenizer: Tokenizer, kind: Kind, what: string, skip = (_: number) => false) {
  GOLDEN.texts.forEach((text, i) => {
    if (!skip(i)) assert.deepEqual(tokenizer.encode(text), kind.ids[i], `${what}: ${text}`);
  });
}

/** Decoding gives back what was encoded, but for U+FEFF, which the library's decoder of bytes leaves out. */
function sameTexts(tokenizer: Tokenizer, original: Tokenizer, composed = false) {
  for (const text of GOLDEN.texts.filter((text) => text !== "")) {
    const ids = original.encode(text);
    const expected = composed ? text.normalize("NFC") : text;
    const [found, wanted] = [tokenizer.decode(ids), expected].map((t) => t.replace("\ufeff", ""));
    assert.equal(found, wanted);
  }
}

interface Through {
  metadata: Readonly<Record<string, unknown>>;
  notes: string[];
  again: Tokenizer;
  file: Awaited<ReturnType<typeof openGguf>>;
}

/** Writes the tokenizer with a model of nothing but zeros, and opens both again. */
async function throughGguf(
  tokenizer: Tokenizer,
  sizes: Partial<DecoderConfig>,
  use: (through: Through) => void,
): Promise<void> {
  const folder = Deno.makeTempDirSync(), path = join(folder, "model.gguf");
  try {
    const { notes } = await saveZeros(path, tokenizer, sizes);
    const model = await openModel(path), file = await openGguf(path);
    model.close();
    file.close();
    use({ metadata: file.metadata, notes, again: model.tokenizer, file });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
