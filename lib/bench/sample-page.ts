/**
 * The page that `deno task bench sample` writes.
 *
 * @module
 */
import { describeMachine } from "@/lib/bench/machine.ts";
import { markdownTable } from "@/lib/bench/markdown.ts";
import { NEW_TOKENS, PROMPT_TOKENS, type SampleSpeed } from "@/lib/bench/sample.ts";

/** The page's text. @param notes what was not measured, and why */
export function samplePage(
  speeds: readonly SampleSpeed[],
  command: string,
  notes: readonly string[],
): string {
  const { cpu, cores } = describeMachine();
  return [
    "# Speed of sampling",
    `SmolLM2-135M, ${PROMPT_TOKENS} tokens of prompt and ${NEW_TOKENS} new ones for each sequence, greedy, on ${cpu} with ${cores} cores; the fastest of two calls. Written by:`,
    "```sh\n" + command + "\n```",
    markdownTable({
      head: ["generator", "sequences at once", "tokens/s, whole call", "tokens/s, decoding alone"],
      rows: speeds.map(({ generator, batch, tokensPerSecond, decodingTokensPerSecond }) => [
        generator,
        String(batch),
        tokensPerSecond.toFixed(0),
        decodingTokensPerSecond?.toFixed(0) ?? "–",
      ]),
    }),
    "The whole call of ours traces its functions anew and reads the prompts. Ollama's model keeps the numbers of its own " +
    "format, and ends where an answer ends.",
    ...notes,
  ].join("\n\n") + "\n";
}
