/**
 * The pairs that people may be asked about.
 *
 * @module
 */
import type { Mirror } from "@/lib/store/shared-file.ts";
import type { Store } from "@/lib/store/store.ts";

/** A pair that may be offered. */
export interface PoolPair {
  id: string;
  slug: string;
  /** Place in {@link Pool.pairs}. */
  index: number;
  /** Whether its right answer is known, and every labeler's answer is of interest. */
  gold: boolean;
}

/** SQL for a code without blank lines and white space at the ends of lines. */
function plain(code: string): string {
  return `regexp_replace(trim(${code}, ' \t\r\n'), '[ \t\r]*(\n[ \t\r]*)*\n', '\n', 'g')`;
}

/**
 * Generated pairs of training questions, with two codes that differ. Synthetic pairs need no opinion, evaluation
 * questions never enter training, and the answers of practice pairs are told.
 */
const OFFERABLE = `
SELECT p.id, p.slug, p.id IN (SELECT pair FROM gold) AS gold
FROM pairs p
JOIN questions q ON q.slug = p.slug
JOIN generations g1 ON g1.id = p.version1
JOIN generations g2 ON g2.id = p.version2
WHERE p.kind = 'generated' AND q.split = 'train' AND ${plain("g1.code")} <> ${plain("g2.code")}
  AND p.id NOT IN (SELECT pair FROM practice_pairs)
ORDER BY q.source DESC, q.number, p.id`;

/** Another text whenever pairs, questions, gold or practice pairs change. Answers are only ever added, and named by pairs. */
const STATE = `
SELECT (SELECT count(*) || ' ' || coalesce(bit_xor(hash(p)), 0) FROM pairs p) || ' ' ||
       (SELECT count(*) || ' ' || coalesce(bit_xor(hash(q)), 0) FROM questions q) || ' ' ||
       (SELECT count(*) || ' ' || coalesce(bit_xor(hash(g)), 0) FROM gold g) || ' ' ||
       (SELECT count(*) || ' ' || coalesce(bit_xor(hash(r)), 0) FROM practice_pairs r) AS state`;

const QUESTION_WITHOUT_PAIR = `
SELECT slug FROM questions
WHERE split = 'train' AND slug NOT IN (SELECT slug FROM pairs)
ORDER BY source DESC, number, slug LIMIT 1`;

/** All of them, LeetCode's questions first, by number. */
export class Pool implements Mirror {
  pairs: PoolPair[] = [];
  gold: PoolPair[] = [];
  /** The first training question that has no pair yet. */
  bare: string | undefined;
  /** Counts the changes. */
  version = 0;
  #state: string | undefined;
  #byId = new Map<string, PoolPair>();
  #bySlug = new Map<string, PoolPair[]>();

  get(id: string): PoolPair | undefined {
    return this.#byId.get(id);
  }

  ofQuestion(slug: string): readonly PoolPair[] {
    return this.#bySlug.get(slug) ?? [];
  }

  async refresh(store: Store): Promise<void> {
    const { state } = (await store.row<{ state: string }>(STATE))!;
    if (state === this.#state) return;
    const rows = await store.rows<Omit<PoolPair, "index">>(OFFERABLE);
    this.bare = (await store.row<{ slug: string }>(QUESTION_WITHOUT_PAIR))?.slug;
    this.pairs = rows.map((row, index) => ({ ...row, index }));
    this.gold = this.pairs.filter(({ gold }) => gold);
    this.#byId = new Map(this.pairs.map((pair) => [pair.id, pair]));
    this.#bySlug = Map.groupBy(this.pairs, ({ slug }) => slug);
    this.#state = state;
    this.version++;
  }
}
