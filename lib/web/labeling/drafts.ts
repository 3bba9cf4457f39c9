/**
 * What was said about pairs that are not decided yet; kept in this browser, so that a reload loses nothing.
 *
 * @module
 */
import type { Draft } from "@/lib/web/labeling/verdicts.ts";

const STORAGE = "codepref.drafts";
/** Pairs that somebody left without deciding them are forgotten beyond this number. */
const MOST = 50;

type Kept = [key: string, draft: Draft][];

/** Drafts by pair, the newest last. */
export class Drafts {
  #storage: Storage;

  constructor(storage: Storage = localStorage) {
    this.#storage = storage;
  }

  get(key: string): Draft | undefined {
    return this.#read().find(([kept]) => kept === key)?.[1];
  }

  /** Keeps a draft, or forgets the one there is. */
  set(key: string, draft: Draft | null): void {
    const others = this.#read().filter(([kept]) => kept !== key);
    const all: Kept = draft === null ? others : [...others, [key, draft]];
    try {
      this.#storage.setItem(STORAGE, JSON.stringify(all.slice(-MOST)));
    } catch {
      // Storage that is full or forbidden costs a reload its draft, nothing else.
    }
  }

  #read(): Kept {
    try {
      return JSON.parse(this.#storage.getItem(STORAGE) ?? "[]");
    } catch {
      return [];
    }
  }
}
