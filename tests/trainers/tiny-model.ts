/**
 * A Llama of a few hundred thousand weights with SmolLM2's tokenizer, for tests of everything but the numbers.
 *
 * @module
 */
import { xoroshiro128plus } from "pure-rand";
import { type DecoderConfig, tensorShapes } from "@/lib/models/config.ts";
import { savePolicy } from "@/lib/models/export.ts";
import { openModel } from "@/lib/models/source.ts";

/**
 * Saves the model as a Hugging Face folder. Its weights are pseudo-random and always the same.
 * @param sizes others than the tiny ones
 */
export async function saveTinyModel(
  folder: string,
  sizes: Partial<DecoderConfig> = {},
): Promise<void> {
  const source = await openModel("smollm2");
  const config: DecoderConfig = {
    ...source.config,
    hidden_size: 16,
    intermediate_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 4,
    ...sizes,
  };
  const random = xoroshiro128plus(1);
  const uniform = () => random.unsafeNext() / 2 ** 31;
  await savePolicy(folder, {
    config,
    tokenizer: source.tokenizer,
    weights: [...tensorShapes(config)].map(([name, shape]) => ({
      name,
      shape,
      data: Float32Array.from(
        { length: shape.reduce((a, b) => a * b, 1) },
        () => shape.length === 1 ? 1 : 0.2 * uniform(),
      ),
    })),
  });
  source.close();
}
