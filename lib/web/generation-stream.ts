/**
 * The making of a pair as events.
 *
 * @module
 */
import type { GenerationEvent } from "@/lib/web/client.ts";
import type { PairMaker } from "@/lib/web/state.ts";

type Side = "a" | "b";

/** What is made, and where it stands on the page. */
export interface MadePair {
  slug: string;
  instruction: string;
  /** The generation that stays, where only the other one is written. */
  kept?: string;
  /** On which side the first solution stands, or the kept one. */
  first: Side;
  /** Keeps what was made. @returns the pair's id */
  keep(generations: Record<Side, string>): Promise<string>;
}

/** Makes a pair and sends what is written as it comes; nothing is kept once the signal says stop. */
export async function sendGeneration(
  makePair: PairMaker,
  { slug, instruction, kept, first, keep }: MadePair,
  send: (event: GenerationEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const second: Side = first === "a" ? "b" : "a";
  const sides: Side[] = kept === undefined ? [first, second] : [second];
  const [one, two] = await makePair({ slug, instruction, kept }, {
    onNote: (note) => send({ note }),
    onAttempt: () => send({ writing: sides }),
    onWritten: ({ solution, text }) => {
      const side = solution === null ? undefined : sides[solution];
      send(side ? { side, text } : { text });
    },
    signal,
  });
  const generations = first === "a" ? { a: one, b: two } : { a: two, b: one };
  if (!signal.aborted) send({ pair: await keep(generations) });
}
