/**
 * Labeling on one database by many people at once: what each is shown, and what becomes of what they say.
 *
 * Pairs, standing decisions and reservations are in memory; labels are written many at a time, and acknowledged when
 * they are in the file.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { Contents } from "@/lib/labels/contents.ts";
import { type Decision, ownDecision, standingDecision } from "@/lib/labels/decision.ts";
import { keepDraft, type NewDraft, readDraft, saveDraft } from "@/lib/labels/drafts.ts";
import { type LabelingItem, sidesOf, type Wanted } from "@/lib/labels/item.ts";
import { Order, type OrderSettings, type Showing } from "@/lib/labels/order.ts";
import { Pool } from "@/lib/labels/pool.ts";
import { Reservations } from "@/lib/labels/reservations.ts";
import {
  type LabelRequest,
  type Outcome,
  type SavedLabel,
  saveLabels,
  type Submission,
} from "@/lib/labels/save.ts";
import { readSecret } from "@/lib/labels/secret.ts";
import { FIRST_SHOWING, sideOrder } from "@/lib/labels/showing.ts";
import { StandingDecisions } from "@/lib/labels/standing.ts";
import type { SharedFile } from "@/lib/store/shared-file.ts";
import type { Store } from "@/lib/store/store.ts";

/** How pairs are given out. */
export interface LabelingSettings extends OrderSettings {
  /** Minutes for which nobody else is given a pair that somebody looks at. */
  reserveMinutes: number;
}

export const DEFAULT_LABELING: LabelingSettings = {
  overlap: 0,
  repeat: 0.05,
  gold: 0.1,
  reserveMinutes: 20,
};

interface Pending extends Submission {
  resolve(saved: SavedLabel): void;
  reject(error: unknown): void;
}

/** Rows of one transaction at most. */
const LARGEST_BATCH = 500;
/** Labels that come within this time of the last transaction are written together. */
const PAUSE_MS = 10;
/** Reservations are written with labels, and no more often than this. */
const RESERVATIONS_MS = 2000;

/** The labeling of one database. */
export class Labeling {
  #pending: Pending[] = [];
  #scheduled = false;
  #written = 0;
  #reservationsWritten = 0;
  #contents: Contents;
  #pool = new Pool();
  #standing = new StandingDecisions();
  #reservations: Reservations;
  #order: Order;

  private constructor(
    private readonly file: SharedFile,
    /** The secret of the database: side orders, and what is drawn by lot. */
    readonly secret: string,
    settings: LabelingSettings,
  ) {
    this.#reservations = new Reservations(settings.reserveMinutes * 60_000);
    this.#contents = new Contents(this.#pool, file.lease);
    this.#order = new Order(secret, this.#pool, this.#standing, this.#reservations, settings);
  }

  /**
   * Reads what is there.
   * @throws as {@link SharedFile.lease}
   */
  static async open(
    file: SharedFile,
    settings: Partial<LabelingSettings> = {},
  ): Promise<Labeling> {
    const secret = await file.lease(readSecret);
    const labeling = new Labeling(file, secret, { ...DEFAULT_LABELING, ...settings });
    await file.keep(labeling.#pool);
    await file.keep(labeling.#standing);
    await file.lease((store) => labeling.#reservations.read(store));
    return labeling;
  }

  /**
   * The item that was asked for, or the next one for this labeler.
   * @throws InputError when there is no such pair or question
   * @throws BusyError when it is not in memory and the file cannot be had
   */
  async item(labeler: string, wanted: Wanted = {}): Promise<LabelingItem> {
    await this.file.fresh();
    const draft = await this.#draft(labeler, wanted.pair);
    if (draft) return draft;
    const slug = wanted.question === undefined ? undefined : await this.#question(wanted.question);
    const next = this.#choose(labeler, wanted, slug);
    const progress = this.#order.progress(labeler);
    const content = next && await this.#contents.ofPair(next.pair);
    if (!content) {
      const question = await this.#contents.ofQuestion(slug ?? this.#pool.bare);
      const nothing = { pair: null, showing: FIRST_SHOWING, a: null, b: null };
      return { ...nothing, question, draft: false, decision: null, progress };
    }
    const { pair, showing } = next;
    const { codes, question } = content;
    const sides = sidesOf(this.secret, labeler, pair, showing, codes);
    const decision = this.#standing.find(labeler, pair, showing)
      ? await this.file.lease((store) => standingDecision(store, labeler, pair, showing))
      : undefined;
    return {
      pair,
      showing,
      question,
      ...sides,
      draft: false,
      decision: decision ?? null,
      progress,
    };
  }

  /**
   * Stores a decision; a later decision on the same showing supersedes the earlier one.
   * @returns when it is in the file
   * @throws InputError for a pair that is not offered, an undo of nothing, and a `client_id` of someone else
   * @throws BusyError when the file cannot be had; nothing is stored then
   */
  save(labeler: string, request: LabelRequest): Promise<SavedLabel> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ labeler, request, resolve, reject });
      this.#schedule();
    });
  }

  /** Whether this labeler has decided anything that stands. */
  hasDecided(labeler: string): boolean {
    return this.#standing.of(labeler).byPair.size > 0;
  }

  /** The decision with this id, if `labeler` made it. */
  decision(labeler: string, id: string): Promise<Decision | undefined> {
    return this.file.lease((store) => ownDecision(store, labeler, id));
  }

  /** Keeps a pair that was made for this labeler, to be saved or forgotten. @returns its id */
  keepDraft(labeler: string, draft: NewDraft): Promise<string> {
    return this.file.lease((store) => keepDraft(store, this.secret, labeler, draft));
  }

  /**
   * Makes a draft a pair that everybody may label.
   * @throws InputError when this labeler has no such draft
   */
  saveDraft(labeler: string, pair: string): Promise<void> {
    return this.file.lease((store) => saveDraft(store, labeler, pair));
  }

  /**
   * The generations that stand on the sides of a pair, or draft, at its first showing to this labeler.
   * @throws InputError when there is no such pair
   */
  async generations(
    labeler: string,
    pair: string,
  ): Promise<{ slug: string; a: string; b: string }> {
    await this.file.fresh();
    const codes = (await this.#contents.ofPair(pair))?.codes ??
      await this.file.lease((store) => readDraft(store, labeler, pair));
    if (!codes) throw new InputError(`There is no pair ${pair}; GET /api/next names one.`);
    const { slug, id1, id2 } = codes;
    const isFirstLeft = sideOrder(this.secret, labeler, pair, FIRST_SHOWING) === "12";
    return isFirstLeft ? { slug, a: id1, b: id2 } : { slug, a: id2, b: id1 };
  }

  /** Notes who works on what. To be called before the file is left. */
  async close(): Promise<void> {
    if (!this.#reservations.changed) return;
    await this.file.lease((store) => store.transaction(() => this.#reservations.write(store)));
  }

  async #draft(labeler: string, pair: string | undefined): Promise<LabelingItem | undefined> {
    if (pair === undefined || this.#pool.get(pair)) return;
    const codes = await this.file.lease((store) => readDraft(store, labeler, pair));
    if (!codes) return;
    return {
      pair,
      showing: FIRST_SHOWING,
      question: await this.#contents.ofQuestion(codes.slug),
      ...sidesOf(this.secret, labeler, pair, FIRST_SHOWING, codes),
      draft: true,
      decision: null,
      progress: this.#order.progress(labeler),
    };
  }

  #choose(
    labeler: string,
    { pair, showing, except }: Wanted,
    slug: string | undefined,
  ): Showing | undefined {
    if (slug !== undefined) return this.#order.ofQuestion(labeler, slug);
    if (pair === undefined) return this.#order.next(labeler, except);
    if (!this.#pool.get(pair)) {
      throw new InputError(`There is no pair ${pair} to label; GET /api/next names one.`);
    }
    const inHand = this.#reservations.of(labeler).find((held) => held.pair === pair);
    const wanted = showing ?? inHand?.showing ?? FIRST_SHOWING;
    if (!this.#order.isOpen(labeler, pair, wanted)) {
      throw new InputError(`Pair ${pair} has no showing ${wanted}; GET /api/next names one.`);
    }
    return { pair, showing: wanted };
  }

  /** The slug of a question named by slug or number; of two with one number, LeetCode's. */
  async #question(named: string): Promise<string> {
    const row = await this.file.lease((store) =>
      store.row<{ slug: string }>(
        `SELECT slug FROM questions
         WHERE slug = $1 OR CAST(number AS TEXT) = $1
         ORDER BY slug = $1 DESC, source = 'leetcode' DESC, slug LIMIT 1`,
        [named.trim().toLowerCase()],
      )
    );
    if (!row) throw new InputError(`There is no question ${named}.`);
    return row.slug;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const pause = this.#written + PAUSE_MS - performance.now();
    if (pause > 0) setTimeout(() => this.#flush(), pause);
    else this.#flush();
  }

  #flush(): void {
    let batch: Pending[] | undefined;
    this.file.write(async (store) => {
      this.#scheduled = false;
      batch = this.#pending.splice(0, LARGEST_BATCH);
      if (this.#pending.length > 0) this.#schedule();
      await this.#write(store, batch);
    }).catch((error) => {
      if (!batch) {
        // The file was not had at all.
        this.#scheduled = false;
        batch = this.#pending.splice(0);
      }
      for (const { reject } of batch) reject(error);
    });
  }

  async #write(store: Store, batch: readonly Pending[]): Promise<void> {
    const known = {
      secret: this.secret,
      pool: this.#pool,
      standing: this.#standing,
      order: this.#order,
    };
    const outcomes = await saveLabels(store, known, batch);
    let written = 0;
    outcomes.forEach((outcome, i) => {
      written += this.#settle(batch[i], outcome);
    });
    this.#standing.written(written);
    const now = this.#written = performance.now();
    if (this.#reservations.changed && now - this.#reservationsWritten > RESERVATIONS_MS) {
      this.#reservationsWritten = now;
      await store.transaction(() => this.#reservations.write(store));
    }
  }

  /** Takes in what became of a submission, and answers it. @returns how many rows it brought */
  #settle({ labeler, resolve, reject }: Pending, outcome: Outcome): 0 | 1 {
    if ("error" in outcome) {
      reject(outcome.error);
      return 0;
    }
    const { saved, row } = outcome;
    if (row) {
      this.#standing.apply(row);
      this.#reservations.release(labeler, row.pair);
      if (row.action === "undo") {
        this.#order.reconsider(labeler);
        // Who takes a decision back goes on with it.
        this.#reservations.hold(labeler, row.pair, row.showing);
      }
    }
    resolve(saved);
    return row ? 1 : 0;
  }
}
