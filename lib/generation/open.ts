/**
 * The generator that a model's name in the settings means.
 *
 * @module
 */
import type { Generator } from "@/lib/generation/generator.ts";
import { ollamaGenerator } from "@/lib/generation/ollama.ts";

/**
 * `ollama:NAME:TAG` is a model of an Ollama server; every other name is a preset or path for the embedded
 * generator.
 * @throws as the generators do
 */
export async function openGenerator(
  name: string,
  { host }: { host?: string } = {},
): Promise<Generator> {
  if (name.startsWith("ollama:")) {
    return await ollamaGenerator({ model: name.slice("ollama:".length), host });
  }
  // TensorFlow is loaded only where it is needed.
  const { embeddedGenerator } = await import("@/lib/generation/embedded.ts");
  return await embeddedGenerator(name);
}
