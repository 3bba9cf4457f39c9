/**
 * The decisions that stand, in memory: who has decided what, and how often each pair was labeled.
 *
 * @module
 */
import { FIRST_SHOWING, type VersionVerdict } from "@/lib/labels/showing.ts";
import type { Mirror } from "@/lib/store/shared-file.ts";
import type { Store } from "@/lib/store/store.ts";

/** What of a row of `labels` matters for what comes next. */
export interface LabelRow {
  id: string;
  pair: string;
  showing: number;
  action: "label" | "skip" | "undo";
  supersedes: string | null;
  labeler: string;
  labeler_kind: string;
  preference: VersionVerdict | null;
}

/** A decision that stands. */
export interface Standing {
  id: string;
  showing: number;
  action: "label" | "skip";
  preference: VersionVerdict | null;
}

/** What one labeler has decided. */
export interface Decided {
  /** Decisions that stand, by pair. */
  byPair: Map<string, Standing[]>;
  /** Pairs in the order of their first decisions; a pair that was taken back and decided again is there twice. */
  order: string[];
  /** Pairs with a label, and pairs that were only skipped. */
  labeled: number;
  skipped: number;
}

/** How a pair has been labeled. */
export interface Tally {
  /** People whose label stands. */
  people: number;
  /** Whether the unit tests decide it. */
  tested: boolean;
  /** Whether people, and models that judge, prefer different versions. */
  disputed: boolean;
}

interface PairState extends Tally {
  votes: Map<string, { kind: string; preference: VersionVerdict | null }>;
}

const nothing = (): Decided => ({ byPair: new Map(), order: [], labeled: 0, skipped: 0 });
const NOBODY = nothing();
const UNTOUCHED: Tally = { people: 0, tested: false, disputed: false };
/** Rows read at once. */
const STRETCH = 50_000;

/** The decisions of all labelers. Rows are applied in the order in which they were written. */
export class StandingDecisions implements Mirror {
  /** Counts the times that rows were read, not applied by who wrote them. */
  version = 0;
  #labelers = new Map<string, Decided>();
  #pairs = new Map<string, PairState>();
  #rows = 0;
  #lastRow = -1;

  /** What a labeler has decided. */
  of(labeler: string): Decided {
    return this.#labelers.get(labeler) ?? NOBODY;
  }

  /** The decision of a labeler on one showing of a pair. */
  find(labeler: string, pair: string, showing: number): Standing | undefined {
    return this.of(labeler).byPair.get(pair)?.find((entry) => entry.showing === showing);
  }

  /** How a pair has been labeled. */
  tally(pair: string): Tally {
    return this.#pairs.get(pair) ?? UNTOUCHED;
  }

  /** Takes in a row that has been written. */
  apply(row: LabelRow): void {
    let decided = this.#labelers.get(row.labeler);
    if (!decided) this.#labelers.set(row.labeler, decided = nothing());
    const before = decided.byPair.get(row.pair) ?? [];
    const after = before.filter(({ id, showing }) =>
      id !== row.supersedes && (row.action === "undo" || showing !== row.showing)
    );
    const { id, showing, action, preference } = row;
    if (action !== "undo") {
      if (showing === FIRST_SHOWING && !before.some((entry) => entry.showing === FIRST_SHOWING)) {
        decided.order.push(row.pair);
      }
      after.push({ id, showing, action, preference });
      after.sort((a, b) => a.showing - b.showing);
    }
    if (after.length > 0) decided.byPair.set(row.pair, after);
    else decided.byPair.delete(row.pair);
    const isLabel = (entry: Standing) => entry.action === "label";
    const count = (entries: Standing[], change: 1 | -1) => {
      if (entries.some(isLabel)) decided.labeled += change;
      else if (entries.length > 0) decided.skipped += change;
    };
    count(before, -1);
    count(after, 1);
    this.#count(row, after.find(isLabel));
  }

  /** Notes that so many rows, which were {@link apply applied}, are now the last of the table. */
  written(count: number): void {
    this.#rows += count;
    this.#lastRow += count;
  }

  async refresh(store: Store, whole: boolean): Promise<void> {
    const { rows } = (await store.row<{ rows: number }>("SELECT count(*) AS rows FROM labels"))!;
    if (!whole && rows === this.#rows) return;
    if (whole || rows < this.#rows) return await this.#readAll(store);
    const known = this.#rows;
    // Rows are only appended. Where that does not hold, somebody changed the table by hand.
    if (await this.#read(store) !== rows - known) await this.#readAll(store);
  }

  async #readAll(store: Store): Promise<void> {
    this.#labelers.clear();
    this.#pairs.clear();
    this.#rows = 0;
    this.#lastRow = -1;
    await this.#read(store);
  }

  /** Reads what follows the last row. @returns the number of rows */
  async #read(store: Store): Promise<number> {
    const { last } =
      (await store.row<{ last: number | null }>("SELECT max(rowid) AS last FROM labels"))!;
    this.version++;
    let count = 0;
    for (let from = this.#lastRow + 1; from <= (last ?? -1); from += STRETCH) {
      const rows = await store.rows<LabelRow>(
        `SELECT id, pair, showing, action, supersedes, labeler, labeler_kind, preference
         FROM labels WHERE rowid >= $1 AND rowid < $2 ORDER BY rowid`,
        [from, from + STRETCH],
      );
      for (const row of rows) this.apply(row);
      count += rows.length;
    }
    this.#rows += count;
    this.#lastRow = last ?? -1;
    return count;
  }

  #count({ pair, labeler, labeler_kind: kind }: LabelRow, label: Standing | undefined): void {
    let state = this.#pairs.get(pair);
    if (!state) this.#pairs.set(pair, state = { ...UNTOUCHED, votes: new Map() });
    if (label) state.votes.set(labeler, { kind, preference: label.preference });
    else state.votes.delete(labeler);
    const votes = [...state.votes.values()];
    state.people = votes.filter((vote) => vote.kind === "human").length;
    state.tested = votes.some((vote) => vote.kind === "tests");
    const opinions = votes.filter((vote) => vote.kind === "human" || vote.kind === "judge");
    state.disputed = new Set(opinions.map(({ preference }) => preference)).size > 1;
  }
}
