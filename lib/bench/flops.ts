/**
 * How many floating-point operations a training step needs, so that its time can be held against what the
 * machine could do.
 *
 * Counted are the matrix products alone, a multiplication and an addition as two operations, as if they were
 * done on the tokens themselves: no padding, each token of a prompt that two responses share once, scores for
 * the pairs of tokens that see each other, the vocabulary at scored positions only. What is computed again in
 * the backward pass to save memory is not counted. Norms, softmax and the optimiser are not products.
 *
 * @module
 */
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { type DecoderConfig, tensorShapes } from "@/lib/models/config.ts";

/** What the products of one forward pass work on. */
export interface TokenCounts {
  /** Tokens that go through the layers. */
  tokens: number;
  /** Pairs of a token and one that it sees, itself included. */
  visible: number;
  /** Positions whose next token is scored. */
  scored: number;
}

/** How a step trains. */
export interface StepKind {
  loss: "dpo" | "sft";
  /** Whether the reference is computed within the step. */
  liveReference: boolean;
  /** Rank and names of the layers with adapters; null: all weights are trained. */
  lora: { r: number; targets: readonly string[] } | null;
}

const triangle = (n: number) => n * (n + 1) / 2;

/** Tokens of a batch with one copy of the prompt for each pair (DPO), or of prompts and chosen responses (SFT). */
export function countTokens(pairs: readonly TokenizedPair[], loss: "dpo" | "sft"): TokenCounts {
  const counts = { tokens: 0, visible: 0, scored: 0 };
  for (const { chosen, rejected } of pairs) {
    const prompt = chosen.start;
    const responses = (loss === "sft" ? [chosen] : [chosen, rejected])
      .map((sequence) => sequence.ids.length - sequence.start);
    counts.tokens += prompt;
    counts.visible += triangle(prompt);
    for (const length of responses) {
      counts.tokens += length;
      counts.visible += length * prompt + triangle(length);
      counts.scored += length;
    }
  }
  return counts;
}

/** Widths of the linear layers of one block: name → [in, out]. */
function linearShapes(config: DecoderConfig): Record<string, [number, number]> {
  const products = [...tensorShapes(config)].flatMap(([name, shape]) => {
    const module = /^model\.layers\.0\..+\.(\w+)\.weight$/.exec(name)?.[1];
    return module && shape.length === 2 ? [[module, [shape[1], shape[0]]] as const] : [];
  });
  return Object.fromEntries(products) as Record<string, [number, number]>;
}

/** Operations of one forward pass, by what they belong to. */
export function forwardFlops(
  config: DecoderConfig,
  { tokens, visible, scored }: TokenCounts,
): { linear: number; attention: number; head: number } {
  const weights = Object.values(linearShapes(config)).reduce((sum, [i, o]) => sum + i * o, 0);
  const width = config.num_attention_heads * config.head_dim;
  return {
    linear: 2 * tokens * weights * config.num_hidden_layers,
    // A score and its share of the mix of values: two products of the heads' widths.
    attention: 4 * visible * width * config.num_hidden_layers,
    head: 2 * scored * config.hidden_size * config.vocab_size,
  };
}

/**
 * Operations of one training step.
 *
 * A product's gradients with respect to both of its factors cost a forward pass each, so that training costs
 * three; where weights are frozen (LoRA), theirs is not computed, and the adapters' small products come on top.
 */
export function stepFlops(
  config: DecoderConfig,
  pairs: readonly TokenizedPair[],
  { loss, liveReference, lora }: StepKind,
): number {
  const counts = countTokens(pairs, loss);
  const { linear, attention, head } = forwardFlops(config, counts);
  const reference = liveReference && loss === "dpo" ? linear + attention + head : 0;
  if (!lora) return 3 * (linear + attention + head) + reference;
  const shapes = linearShapes(config);
  const adapters = lora.targets.reduce((sum, name) => {
    const [i, o] = shapes[name] ?? [0, 0];
    return sum + 2 * counts.tokens * lora.r * (i + o);
  }, 0) * config.num_hidden_layers;
  return 2 * (linear + head) + 3 * (attention + adapters) + reference;
}
