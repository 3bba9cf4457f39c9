/**
 * How long somebody really worked on a page.
 *
 * @module
 */

/** A pause longer than this counts as an absence from then on. */
const LONGEST_PAUSE_MS = 30_000;

/** A clock that runs while the page is used: each sign of life counts the time since the one before. */
export class ActiveTime {
  #now: () => number;
  #started: number;
  #last: number;
  #active = 0;

  /** @param now milliseconds of a clock that only goes forward */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#started = this.#last = now();
  }

  /** A sign of life: a key, the pointer, scrolling, the page coming back into view. */
  touch(): void {
    const now = this.#now();
    this.#active += Math.min(now - this.#last, LONGEST_PAUSE_MS);
    this.#last = now;
  }

  /** Milliseconds since the start: those in use, and all of them. */
  read(): { active_ms: number; wall_ms: number } {
    this.touch();
    return { active_ms: Math.round(this.#active), wall_ms: Math.round(this.#last - this.#started) };
  }
}
