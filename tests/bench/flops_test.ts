import assert from "node:assert/strict";
import { countTokens, forwardFlops, stepFlops } from "@/lib/bench/flops.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { CONFIG } from "./small-config.ts";

/** A prompt of 3 tokens, a chosen response of 2, a rejected one of 1. */
const PAIR: TokenizedPair = {
  id: "a",
  prompt: "",
  chosen: { ids: [1, 2, 3, 4, 0], start: 3 },
  rejected: { ids: [1, 2, 3, 0], start: 3 },
  truncated: { prompt: false, chosen: false, rejected: false },
};

Deno.test("flops: a pair's prompt counts once, and each response sees the prompt and itself", () => {
  assert.deepEqual(countTokens([PAIR], "dpo"), {
    tokens: 3 + 2 + 1,
    // Prompt: 1 + 2 + 3. Chosen: 4 + 5. Rejected: 4.
    visible: 6 + 9 + 4,
    scored: 2 + 1,
  });
  assert.deepEqual(countTokens([PAIR], "sft"), { tokens: 5, visible: 15, scored: 2 });
});

Deno.test("flops: a forward pass, derived by hand", () => {
  // Weights of a block: q 4·4, k and v 4·2 each, o 4·4, gate, up and down 4·6 each: 120.
  assert.deepEqual(forwardFlops(CONFIG, { tokens: 6, visible: 19, scored: 3 }), {
    linear: 2 * 6 * 120 * 2,
    // Score and mix: 2 operations for each of the 2 heads' 2 numbers, twice, in 2 blocks.
    attention: 19 * (2 * 4 + 2 * 4) * 2,
    head: 2 * 3 * 4 * 10,
  });
});

Deno.test("flops: training costs three forward passes, a live reference a fourth", () => {
  const forward = 2880 + 608 + 240;
  const kind = { loss: "dpo", liveReference: false, lora: null } as const;
  assert.equal(stepFlops(CONFIG, [PAIR], kind), 3 * forward);
  assert.equal(stepFlops(CONFIG, [PAIR], { ...kind, liveReference: true }), 4 * forward);
  const sft = 2 * 5 * 120 * 2 + 15 * 16 * 2 + 2 * 2 * 4 * 10;
  assert.equal(stepFlops(CONFIG, [PAIR], { ...kind, loss: "sft", liveReference: true }), 3 * sft);
});

Deno.test("flops: with adapters the frozen weights have no gradient, and the adapters come on top", () => {
  const kind = {
    loss: "dpo",
    liveReference: false,
    lora: { r: 2, targets: ["q_proj", "v_proj"] },
  } as const;
  // Adapters of q (4 in, 4 out) and v (4 in, 2 out), of rank 2, in 2 blocks.
  const adapters = 2 * 6 * 2 * (4 + 4 + 4 + 2) * 2;
  assert.equal(stepFlops(CONFIG, [PAIR], kind), 2 * (2880 + 240) + 3 * (608 + adapters));
});
