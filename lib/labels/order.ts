/**
 * Which pair a labeler gets next.
 *
 * @module
 */
import type { Pool, PoolPair } from "@/lib/labels/pool.ts";
import type { Held, Reservations } from "@/lib/labels/reservations.ts";
import { FIRST_SHOWING, keyedShare, SECOND_SHOWING } from "@/lib/labels/showing.ts";
import type { Decided, StandingDecisions } from "@/lib/labels/standing.ts";

/** How pairs are given out. */
export interface OrderSettings {
  /** Labels of different people that a pair should get; 0: of everybody. */
  overlap: number;
  /** The share of pairs that are shown to a labeler twice, with the sides swapped. */
  repeat: number;
  /** The share of gold pairs among those that a labeler is shown, as long as there are any. */
  gold: number;
}

/** One showing of a pair. */
export interface Showing {
  pair: string;
  showing: number;
}

/** How far a labeler is, in pairs. */
export interface LabelingProgress {
  labeled: number;
  skipped: number;
  /** Those that this labeler has decided, and those that still want this labeler's opinion. */
  total: number;
}

/** A pair comes back only after so many others, so that the answer is not remembered. */
const REPEAT_AFTER = 10;

/** The order of work on one database. */
export class Order {
  /** By labeler: up to where of {@link Decided.order} it is settled what is shown again. */
  #settled = new Map<string, number>();
  /** By labeler: decisions on pairs that left the pool, counted when pool and decisions were of this version. */
  #former = new Map<string, { version: number; labeled: number; skipped: number }>();

  constructor(
    private readonly secret: string,
    private readonly pool: Pool,
    private readonly standing: StandingDecisions,
    private readonly reservations: Reservations,
    readonly settings: OrderSettings,
  ) {}

  /**
   * What this labeler should decide next, and reserves it: what is in hand already, before a pair that is due for its
   * second showing, before a gold pair if it is time for one, before the pair that needs an opinion most.
   * @param except pairs in hand that are not wanted again
   */
  next(labeler: string, except: readonly string[] = []): Showing | undefined {
    const decided = this.standing.of(labeler);
    const inHand = this.reservations.of(labeler);
    for (const pair of except) {
      const held = inHand.find((other) => other.pair === pair);
      if (held) this.reservations.hold(labeler, pair, held.showing);
    }
    const next = this.#inHand(labeler, inHand, except) ??
      this.#again(labeler, decided, except) ??
      this.#gold(labeler, decided, except, inHand) ??
      this.#neediest(labeler, decided, except) ??
      this.#anyGold(decided, except);
    if (next) this.reservations.hold(labeler, next.pair, next.showing);
    return next;
  }

  /** A pair of this question: one that the labeler has not decided before one that is. */
  ofQuestion(labeler: string, slug: string): Showing | undefined {
    const pairs = this.pool.ofQuestion(slug);
    const { byPair } = this.standing.of(labeler);
    const pair = pairs.find(({ id }) => !byPair.has(id)) ?? pairs[0];
    return pair && { pair: pair.id, showing: FIRST_SHOWING };
  }

  /** Whether this showing may be decided: every first one, and a second one of what was drawn and decided before. */
  isOpen(labeler: string, pair: string, showing: number): boolean {
    if (showing === FIRST_SHOWING) return true;
    return showing === SECOND_SHOWING && this.#isRepeated(labeler, pair) &&
      this.standing.of(labeler).byPair.has(pair);
  }

  /** To be called when a labeler took a decision back: what is shown again is looked at anew. */
  reconsider(labeler: string): void {
    this.#settled.delete(labeler);
  }

  progress(labeler: string): LabelingProgress {
    const decided = this.standing.of(labeler);
    const { labeled, skipped } = this.#formerly(labeler, decided);
    const progress = { labeled: decided.labeled - labeled, skipped: decided.skipped - skipped };
    if (this.settings.overlap === 0) return { ...progress, total: this.pool.pairs.length };
    const wanted = this.pool.pairs.filter(({ id, gold }) =>
      decided.byPair.has(id) || gold || !this.#isFull(this.standing.tally(id).people)
    );
    return { ...progress, total: wanted.length };
  }

  /** What of a labeler's decisions is about pairs that are not offered any more. */
  #formerly(labeler: string, { byPair }: Decided): { labeled: number; skipped: number } {
    let known = this.#former.get(labeler);
    // Both only grow.
    const version = this.pool.version + this.standing.version;
    if (known?.version !== version) {
      known = { version, labeled: 0, skipped: 0 };
      for (const [id, entries] of byPair) {
        if (this.pool.get(id)) continue;
        if (entries.some(({ action }) => action === "label")) known.labeled++;
        else known.skipped++;
      }
      this.#former.set(labeler, known);
    }
    return known;
  }

  #inHand(labeler: string, inHand: Held[], except: readonly string[]): Showing | undefined {
    for (const { pair, showing } of inHand) {
      const done = this.standing.find(labeler, pair, showing) !== undefined;
      if (done || !this.pool.get(pair)) this.reservations.release(labeler, pair);
      else if (!except.includes(pair)) return { pair, showing };
    }
  }

  #again(labeler: string, decided: Decided, except: readonly string[]): Showing | undefined {
    let settled = this.#settled.get(labeler) ?? 0;
    let due: string | undefined;
    for (; settled < decided.order.length - REPEAT_AFTER; settled++) {
      const id = decided.order[settled];
      const entries = decided.byPair.get(id);
      const once = entries?.length === 1 && entries[0].showing === FIRST_SHOWING &&
        entries[0].action === "label";
      const pair = this.pool.get(id);
      if (!once || !pair || pair.gold || !this.#isRepeated(labeler, id)) continue;
      if (except.includes(id)) break;
      due = id;
      break;
    }
    this.#settled.set(labeler, settled);
    return due === undefined ? undefined : { pair: due, showing: SECOND_SHOWING };
  }

  #isRepeated(labeler: string, pair: string): boolean {
    return keyedShare(this.secret, ["repeat", labeler, pair]) < this.settings.repeat;
  }

  /** The gold pair that it is time for. Each labeler gets them in an order of their own. */
  #gold(
    labeler: string,
    { byPair }: Decided,
    except: readonly string[],
    inHand: Held[],
  ): Showing | undefined {
    const { gold } = this.pool;
    if (gold.length === 0 || this.settings.gold === 0) return;
    const waiting = except.filter((id) => inHand.some(({ pair }) => pair === id));
    const shown = gold.filter(({ id }) => byPair.has(id) || waiting.includes(id)).length;
    const all = byPair.size + waiting.filter((id) => !byPair.has(id)).length;
    if (shown >= Math.floor((all + 1) * this.settings.gold)) return;
    const share = ({ id }: PoolPair) => keyedShare(this.secret, ["gold", labeler, id]);
    const open = gold.filter(({ id }) => !byPair.has(id) && !except.includes(id));
    const [first] = open.sort((a, b) => share(a) - share(b));
    return first && { pair: first.id, showing: FIRST_SHOWING };
  }

  #anyGold({ byPair }: Decided, except: readonly string[]): Showing | undefined {
    const pair = this.pool.gold.find(({ id }) => !byPair.has(id) && !except.includes(id));
    return pair && { pair: pair.id, showing: FIRST_SHOWING };
  }

  /**
   * The pair that needs an opinion most: one that tests leave open before one that they decide; with an overlap, one
   * that people disagree on before others; one that few have labeled or in hand; one that is disputed; the first.
   */
  #neediest(labeler: string, { byPair }: Decided, except: readonly string[]): Showing | undefined {
    const { overlap } = this.settings;
    let best: PoolPair | undefined, bestNeed = Infinity;
    for (const pair of this.pool.pairs) {
      if (pair.gold || byPair.has(pair.id)) continue;
      const { people, tested, disputed } = this.standing.tally(pair.id);
      const load = people + this.reservations.others(labeler, pair.id);
      if (this.#isFull(load) || except.includes(pair.id)) continue;
      const calm = disputed ? 0 : 1;
      const need = (tested ? 1e9 : 0) + (overlap > 0 ? calm * 1e6 : 0) + load * 2 + calm;
      if (need < bestNeed) {
        [best, bestNeed] = [pair, need];
        if (need === 0) break;
      }
    }
    return best && { pair: best.id, showing: FIRST_SHOWING };
  }

  #isFull(people: number): boolean {
    const { overlap } = this.settings;
    return overlap > 0 && people >= overlap;
  }
}
