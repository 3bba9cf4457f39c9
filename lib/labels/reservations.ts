/**
 * Who works on which pair just now.
 *
 * @module
 */
import type { Row, Store } from "@/lib/store/store.ts";

/** A showing that a labeler has in hand. */
export interface Held {
  pair: string;
  showing: number;
  /** Milliseconds since 1970. */
  until: number;
}

/** Reservations end by themselves, so that a browser that is closed keeps nobody from a pair. */
export class Reservations {
  #held = new Map<string, Map<string, Held>>();
  #holders = new Map<string, Set<string>>();
  /** Whether something changed since {@link write}. */
  changed = false;

  /** @param milliseconds how long a reservation lasts @param now the time, in milliseconds since 1970 */
  constructor(readonly milliseconds: number, private readonly now: () => number = Date.now) {}

  /** What a labeler has in hand, the oldest first. */
  of(labeler: string): Held[] {
    const held = this.#held.get(labeler);
    if (!held) return [];
    const now = this.now();
    for (const { pair, until } of held.values()) if (until <= now) this.release(labeler, pair);
    return [...held.values()];
  }

  /** How many others have a pair in hand. */
  others(labeler: string, pair: string): number {
    const holders = this.#holders.get(pair);
    if (!holders) return 0;
    let count = 0;
    const now = this.now();
    for (const holder of holders) {
      if (holder !== labeler && this.#held.get(holder)!.get(pair)!.until > now) count++;
    }
    return count;
  }

  /** Reserves a pair, or goes on with its reservation. */
  hold(labeler: string, pair: string, showing: number): void {
    this.#set(labeler, { pair, showing, until: this.now() + this.milliseconds });
    this.changed = true;
  }

  release(labeler: string, pair: string): void {
    if (!this.#held.get(labeler)?.delete(pair)) return;
    const holders = this.#holders.get(pair)!;
    holders.delete(labeler);
    if (holders.size === 0) this.#holders.delete(pair);
    this.changed = true;
  }

  /** Takes up the reservations of an app that was stopped. A second showing counts from there on as a first. */
  async read(store: Store): Promise<void> {
    const rows = await store.rows<{ pair: string; labeler: string; until: string }>(
      "SELECT pair, labeler, until FROM reservations ORDER BY until",
    );
    for (const { labeler, pair, until } of rows) {
      this.#set(labeler, { pair, showing: 1, until: Date.parse(until) });
    }
  }

  /** Notes them for the next start, inside a transaction of the caller's. */
  async write(store: Store): Promise<void> {
    const now = this.now();
    const rows: Row[] = [...this.#held].flatMap(([labeler, held]) =>
      [...held.values()].filter(({ until }) => until > now).map(({ pair, until }) => ({
        pair,
        labeler,
        until: new Date(until).toISOString().slice(0, -1),
      }))
    );
    await store.run("DELETE FROM reservations");
    await store.insert("reservations", rows);
    this.changed = false;
  }

  #set(labeler: string, held: Held): void {
    const own = this.#held.get(labeler) ?? new Map<string, Held>();
    own.set(held.pair, held);
    this.#held.set(labeler, own);
    const holders = this.#holders.get(held.pair) ?? new Set();
    this.#holders.set(held.pair, holders.add(labeler));
  }
}
