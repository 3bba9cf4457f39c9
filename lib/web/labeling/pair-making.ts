/**
 * A pair that is being made.
 *
 * @module
 */
import { type Signal, signal } from "@preact/signals";
import { fetchItem, generate, savePair } from "@/lib/web/client.ts";
import type { ShownItem } from "@/lib/web/shown.ts";

/** What is known about a pair while it is made. */
export interface Writing {
  note: string;
  /** What the model writes beside the code. */
  talk: string;
  /** The code so far, of the sides that are written. */
  sides: { a?: string; b?: string };
}

/** Has pairs made, one at a time. */
class PairMaking {
  /** Set while a pair is being made. */
  readonly writing = signal<Writing | null>(null);
  readonly error = signal<string | null>(null);
  #cancel: AbortController | null = null;

  /**
   * Has a pair made for the question on the screen and shows it, unless it is cancelled or fails, which `error` says.
   * @param request how to ask, or the side that stays
   */
  async make(
    current: Signal<ShownItem>,
    request: { instruction: string } | { keep: "a" | "b" },
  ): Promise<void> {
    const { question, pair } = current.value;
    if (this.writing.value || !question) return;
    const what = "keep" in request
      ? { question: question.slug, keep: { pair: pair!, side: request.keep } }
      : { question: question.slug, ...request };
    this.error.value = null;
    this.writing.value = { note: "Waiting for the model", talk: "", sides: {} };
    this.#cancel = new AbortController();
    let made: string | undefined;
    try {
      await generate(what, (event) => {
        if ("error" in event) throw new Error(event.error);
        if ("pair" in event) made = event.pair;
        const { note, talk, sides } = this.writing.value!;
        if ("note" in event) this.writing.value = { note: event.note, talk, sides };
        if ("writing" in event) {
          const empty = Object.fromEntries(event.writing.map((side) => [side, ""]));
          this.writing.value = { note, talk: "", sides: empty };
        }
        if ("text" in event) {
          const { side, text } = event;
          this.writing.value = side
            ? { note, talk, sides: { ...sides, [side]: (sides[side] ?? "") + text } }
            : { note, talk: talk + text, sides };
        }
      }, this.#cancel.signal);
      if (made !== undefined) current.value = await fetchItem({ pair: made });
    } catch (error) {
      if ((error as Error).name !== "AbortError") this.error.value = (error as Error).message;
    } finally {
      this.writing.value = null;
    }
  }

  /** Saves the draft on the screen as a pair. */
  async save(current: Signal<ShownItem>): Promise<void> {
    const { pair, draft } = current.value;
    if (this.writing.value || pair === null || !draft) return;
    this.error.value = null;
    try {
      await savePair(pair);
      if (current.value.pair === pair) current.value = { ...current.value, draft: false };
    } catch (error) {
      this.error.value = (error as Error).message;
    }
  }

  cancel(): void {
    this.#cancel?.abort();
  }
}

/** The making of pairs on this page, which its side bar and its panes show. */
export const making = new PairMaking();
