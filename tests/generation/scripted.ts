/** A generator whose answers a test writes. */
import type { Answer, GenerationRequest, Generator } from "@/lib/generation/generator.ts";

export interface Scripted extends Generator {
  /** Every request that was sent. */
  readonly asked: GenerationRequest[];
}

/**
 * @param answer gives the text for a request, or more of the answer; it may throw
 * @param model its name and digest
 */
export function scripted(
  answer: (request: GenerationRequest, n: number) => string | Partial<Answer>,
  model = "scripted",
): Scripted {
  const asked: GenerationRequest[] = [];
  return {
    model,
    modelDigest: `sha256:${model}`,
    provider: "embedded",
    asked,
    async generate(requests, options = {}) {
      const answers: Answer[] = [];
      for (const [index, request] of requests.entries()) {
        options.signal?.throwIfAborted();
        const given = answer(request, asked.push(request) - 1);
        const done: Answer = {
          text: "",
          doneReason: "stop",
          promptTokens: 10,
          completionTokens: 5,
          milliseconds: 1,
          ...typeof given === "string" ? { text: given } : given,
        };
        answers.push(done);
        await options.onAnswer?.(index, done);
      }
      return answers;
    },
    close() {},
  };
}

/** An answer with these solutions in fences. */
export function fenced(...codes: string[]): string {
  return codes.map((code) => `\`\`\`python\n${code}\n\`\`\``).join("\n\n");
}
