/**
 * An answer divided into its solutions while it is written. What is shown so is provisional: the whole answer is read
 * by its grammar, see `code-blocks.ts`.
 *
 * @module
 */

/** A stretch of an answer: of which solution, from 0; null: it stands outside of code. */
export interface Written {
  solution: number | null;
  text: string;
}

const FENCE = /^\s*(?:`{3,}|~{3,})/;
/** What may become a fence when more of the line comes. */
const START_OF_FENCE = /^\s*(?:`{0,2}|~{0,2})$/;

/** Tells for each piece of text, as it arrives, which fenced block it belongs to. Lines of fences are left out. */
export class SolutionStream {
  #blocks = 0;
  #inside = false;
  /** What of a line waits because it may be a fence. */
  #held = "";
  #isFence = false;
  #isNewLine = true;

  /** @returns the stretches that this piece completes, in order */
  push(delta: string): Written[] {
    const written: Written[] = [];
    const lines = delta.split("\n");
    lines.forEach((part, i) => this.#part(part, i < lines.length - 1, written));
    return written;
  }

  #part(part: string, ends: boolean, written: Written[]): void {
    if (this.#isNewLine) {
      this.#held += part;
      this.#isFence ||= FENCE.test(this.#held);
      if (!this.#isFence && (ends || !START_OF_FENCE.test(this.#held))) {
        this.#write(this.#held, written);
        this.#held = "";
        this.#isNewLine = false;
      }
    } else this.#write(part, written);
    if (!ends) return;
    if (this.#isFence) {
      if (!this.#inside) this.#blocks++;
      this.#inside = !this.#inside;
    } else this.#write("\n", written);
    this.#held = "";
    this.#isFence = false;
    this.#isNewLine = true;
  }

  #write(text: string, written: Written[]): void {
    if (text === "") return;
    const solution = this.#inside ? this.#blocks - 1 : null;
    const last = written.at(-1);
    if (last && last.solution === solution) last.text += text;
    else written.push({ solution, text });
  }
}
