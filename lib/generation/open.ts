/**
 * The generator that a model's name in the settings means.
 *
 * @module
 */
import type { Generator } from "@/lib/generation/generator.ts";
import { ollamaGenerator, type OllamaOptions } from "@/lib/generation/ollama.ts";

/** Whether a model's name is that of one which a server answers for. */
export const isServed = (name: string): boolean => name.startsWith("ollama:");

/**
 * `ollama:NAME:TAG` is a model of an Ollama server; every other name is a preset, a path or a model of the hub for
 * the embedded generator, to which the options mean nothing.
 * @throws as the generators do
 */
export async function openGenerator(
  name: string,
  options: Omit<OllamaOptions, "model"> = {},
): Promise<Generator> {
  if (isServed(name)) {
    return await ollamaGenerator({ model: name.slice("ollama:".length), ...options });
  }
  // TensorFlow is loaded only where it is needed.
  const { embeddedGenerator } = await import("@/lib/generation/embedded.ts");
  return await embeddedGenerator(name);
}
