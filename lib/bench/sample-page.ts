/**
 * The page that `deno task bench sample` writes.
 *
 * @module
 */
import { describeMachine } from "@/lib/bench/machine.ts";
import { markdownTable } from "@/lib/markdown.ts";
import { NEW_TOKENS, PROMPT_TOKENS, type SampleResult } from "@/lib/bench/sample.ts";
import { type Spread, spread } from "@/lib/bench/statistics.ts";

/** A generator's speed with so many sequences at once, and ours over it, round by round. */
export interface SampleSpeed {
  generator: string;
  batch: number;
  tokensPerSecond: Spread;
  /** Our tokens per second over this generator's. */
  ours: Spread;
}

/** The rounds of each generator and number of sequences in one. */
export function sampleSpeeds({ calls }: Pick<SampleResult, "calls">): SampleSpeed[] {
  const speed = ({ tokens, seconds }: { tokens: number; seconds: number }) => tokens / seconds;
  const [own] = calls.map(({ generator }) => generator);
  const groups = Map.groupBy(calls, ({ generator, batch }) => `${batch} ${generator}`);
  const speeds = [...groups.values()].map((group): SampleSpeed => {
    const [{ generator, batch }] = group;
    const ratio = group.map((call) => {
      const ours = calls.find((c) =>
        c.generator === own && c.batch === batch && c.round === call.round
      )!;
      return speed(ours) / speed(call);
    });
    return { generator, batch, tokensPerSecond: spread(group.map(speed)), ours: spread(ratio) };
  });
  return speeds.sort((a, b) => a.batch - b.batch);
}

/** The page's text. @param notes what was not measured, and why */
export function samplePage(
  result: SampleResult,
  command: string,
  notes: readonly string[],
): string {
  const { cpu, cores } = describeMachine();
  const rounds = 1 + Math.max(...result.calls.map(({ round }) => round));
  const range = ({ median, min, max }: Spread, digits: number) =>
    `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
  const [own] = result.calls.map(({ generator }) => generator);
  return [
    "# Speed of sampling",
    `SmolLM2-135M from one GGUF file, ${PROMPT_TOKENS} tokens of prompt and ${NEW_TOKENS} new ones for each sequence, greedy, on ${cpu} with ${cores} cores. The median of ${rounds} rounds with range; the contenders take turns. Written by:`,
    "```sh network\n" + command + "\n```",
    markdownTable({
      head: ["sequences at once", "generator", "tokens/s", "ours over it"],
      rows: sampleSpeeds(result).map(({ generator, batch, tokensPerSecond, ours }) => [
        String(batch),
        generator,
        range(tokensPerSecond, 0),
        generator === own ? "–" : range(ours, 2),
      ]),
    }),
    `A call reads the prompts and adds the tokens; every contender has been warmed up with the same prompts before it. Ours traces its functions in the first call, which takes up to ${
      result.firstCallSeconds.toFixed(1)
    } s longer. llama.cpp is node-llama-cpp's binary for CPUs, one sequence of one context for each prompt, and keeps the file's Q4_1 numbers; so does Ollama, which ends where an answer ends.`,
    ...notes,
  ].join("\n\n") + "\n";
}
