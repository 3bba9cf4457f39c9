/** Seeded faults of data: each is found, counted and named with what to do; sound data have none. */
import assert from "node:assert/strict";
import type { FlatExample } from "@/lib/datasets/example-list.ts";
import { describeData, descriptionLines } from "@/lib/datasets/describe.ts";
import type { FaultName } from "@/lib/datasets/faults.ts";
import type { PromptFormat } from "@/lib/datasets/tokenize.ts";
import { InputError } from "@/lib/errors.ts";
import type { Tokenizer } from "@/lib/models/tokenizer.ts";
import { byteTokenizer } from "./byte-tokenizer.ts";

/** Its EOS is called "<256>", its BOS "<257>". */
const tokenizer: Tokenizer = {
  ...byteTokenizer,
  chatTemplate: "<|im_start|>{{ messages[0].content }}<|im_end|>",
};
const BOS = 257;

const example = (prompt: string, ...pairs: [string, string][]): FlatExample => ({
  prompt,
  responses: pairs.flat(),
  pairs: pairs.map((_, i) => [2 * i, 2 * i + 1]),
  sft_target: pairs[0][0],
  truncationMode: "keep_start",
});
const sound = (n: number) =>
  Array.from({ length: n }, (_, i) => example(`question ${i}`, [`good ${i}`, `bad ${i}`]));

interface Options {
  promptFormat?: PromptFormat;
  held?: FlatExample[];
  vocabularySize?: number;
  maxLength?: number;
  tokenizer?: Tokenizer;
}
const describe = (
  faulty: FlatExample[],
  { tokenizer: own = tokenizer, ...options }: Options = {},
) =>
  describeData([...sound(3), ...faulty], own, {
    batchSize: 1,
    maxLength: 200,
    maxPromptLength: 100,
    promptFormat: "plain",
    bosId: BOS,
    ...options,
  });

/** Finds one kind of fault, so often, and says so. */
function finds(
  name: FaultName,
  count: number,
  of: number,
  faulty: FlatExample[],
  options?: Options,
) {
  const description = describe(faulty, options);
  assert.deepEqual(
    description.faults.map((fault) => [fault.name, fault.count, fault.of]),
    [[name, count, of]],
  );
  assert.match(
    descriptionLines(description).join("\n"),
    new RegExp(`${count > 0.05 * of ? "WARNING, " : ""}${name}: ${count} of ${of} `),
  );
}

Deno.test("sound data have no faults", () => assert.deepEqual(describe([]).faults, []));

Deno.test("an empty response", () => finds("empty response", 1, 8, [example("q", ["", "bad"])]));

Deno.test("chosen is rejected", () =>
  finds("same responses", 2, 5, [example("q", ["a", "a"], ["b", "b"])]));

Deno.test("responses that are cut: without their EOS, and the same behind the cut", () => {
  const long = "x".repeat(250);
  finds("missing EOS", 1, 8, [example("q", [long, "bad"])]);
  const { faults } = describe([example("q", [long + "a", long + "b"])]);
  assert.deepEqual(faults.map(({ name, count, of }) => [name, count, of]), [
    ["missing EOS", 2, 8],
    ["same responses after truncation", 1, 4],
  ]);
});

Deno.test("a pair with both labels", () =>
  finds("both labels", 1, 5, [example("q", ["a", "b"], ["b", "a"])]));

Deno.test("a question in both splits", () =>
  finds("question in both splits", 1, 2, [], {
    held: [example("question 1", ["a", "b"]), example("other", ["a", "b"])],
  }));

Deno.test("the template applied twice", () => {
  const templated = example("<|im_start|>user\nhi<|im_end|>", ["a", "b"]);
  finds("template applied twice", 1, 4, [templated], { promptFormat: "chat" });
  finds("template in plain prompts", 1, 4, [templated]);
});

Deno.test("a template of another family", () =>
  finds("template of another family", 1, 4, [example("[INST] hi [/INST]", ["a", "b"])]));

Deno.test("BOS as text, and BOS twice", () => {
  finds("BOS in the text", 1, 4, [example("<257>hi", ["a", "b"])]);
  const doubling = {
    ...tokenizer,
    encode: (text: string) =>
      text.startsWith("twice")
        ? [BOS, BOS, ...byteTokenizer.encode(text)]
        : byteTokenizer.encode(text),
  };
  finds("double BOS", 1, 4, [example("twice", ["a", "b"])], { tokenizer: doubling });
});

Deno.test("EOS inside a response, and a token beyond the vocabulary, are refused with their count", () => {
  const refused = (faulty: FlatExample[], message: RegExp, options?: Options) =>
    assert.throws(
      () => describe(faulty, options),
      (error) => error instanceof InputError && message.test(error.message),
    );
  refused(
    [example("q", ["a<256>b", "c"], ["d", "e<256>"])],
    /EOS in a response: 2 of 10 responses .*"a<256>b".*remove it/,
  );
  refused([], /token beyond the vocabulary: 3 of 3 pairs .*tokenizer is another model's/, {
    vocabularySize: 256,
  });
});

Deno.test("prompts that would merge with their response are counted, but not in a chat", () => {
  const merging = {
    ...tokenizer,
    // "ab" is one token.
    encode: (text: string) => byteTokenizer.encode(text.replaceAll("ab", "\u0001")),
  };
  const faulty = [example("ends with a", ["b goes on", "c"])];
  const plain = describe(faulty, { tokenizer: merging });
  assert.deepEqual(plain.merged, { count: 1, of: 4 });
  assert.match(descriptionLines(plain).join("\n"), /1 of 4 prompts end inside a token/);
  assert.equal(describe(faulty, { tokenizer: merging, promptFormat: "chat" }).merged.count, 0);
});

Deno.test("SFT looks at what it learns alone", () => {
  const description = describeData([...sound(3), example("q", ["a", "a"])], tokenizer, {
    batchSize: 1,
    maxLength: 200,
    maxPromptLength: 100,
    sftMode: true,
  });
  assert.deepEqual(description.faults, []);
});
