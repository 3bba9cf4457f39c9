/**
 * Questions and codes of the pairs that are being looked at.
 *
 * @module
 */
import type { Pool } from "@/lib/labels/pool.ts";
import type { Lease } from "@/lib/store/leases.ts";
import type { Store } from "@/lib/store/store.ts";

/** The question as it is shown; texts are Markdown. */
export interface ShownQuestion {
  slug: string;
  number: number;
  source: string;
  title: string;
  difficulty: string;
  topics: string[];
  description: string;
  examples: string[];
  constraints: string;
}

/** A pair's two answers. */
export interface PairCodes {
  slug: string;
  id1: string;
  code1: string;
  id2: string;
  code2: string;
}

/** Pairs that are read at once: those that follow will be asked for soon. */
const STRETCH = 512;
/** Characters that are kept; what was not looked at for longest goes. */
const KEPT = 64 * 1024 * 1024;

/** Texts of pairs and questions, read when they are asked for and kept for a while. */
export class Contents {
  #pairs = new Map<string, PairCodes>();
  #questions = new Map<string, ShownQuestion>();
  #characters = 0;
  #version = -1;

  constructor(private readonly pool: Pool, private readonly lease: Lease) {}

  /** The answers of a pair and their question; undefined where the pool has no such pair. */
  async ofPair(id: string): Promise<{ codes: PairCodes; question: ShownQuestion } | undefined> {
    let codes: PairCodes | undefined;
    for (;;) {
      this.#forgetOld();
      codes = this.#pairs.get(id);
      if (codes) break;
      if (!this.pool.get(id)) return;
      await this.lease((store) => this.#read(store, id));
    }
    this.#pairs.delete(id);
    this.#pairs.set(id, codes);
    return { codes, question: (await this.ofQuestion(codes.slug))! };
  }

  /** A question; null where there is none. */
  async ofQuestion(slug: string | undefined): Promise<ShownQuestion | null> {
    this.#forgetOld();
    if (slug === undefined) return null;
    if (!this.#questions.has(slug)) {
      await this.lease((store) => this.#readQuestions(store, [slug]));
    }
    return this.#questions.get(slug) ?? null;
  }

  async #read(store: Store, id: string): Promise<void> {
    const start = this.pool.get(id)?.index ?? this.pool.pairs.length;
    const ids = this.pool.pairs.slice(start, start + STRETCH).map((pair) => pair.id);
    const rows = await store.rows<PairCodes & { id: string }>(
      `SELECT p.id, p.slug, g1.id AS id1, g1.code AS code1, g2.id AS id2, g2.code AS code2
       FROM pairs p
       JOIN generations g1 ON g1.id = p.version1
       JOIN generations g2 ON g2.id = p.version2
       WHERE p.id IN (SELECT unnest(from_json($1::JSON, '["VARCHAR"]')))`,
      [ids],
    );
    for (const { id, ...codes } of rows) {
      if (!this.#pairs.has(id)) this.#characters += codes.code1.length + codes.code2.length;
      this.#pairs.set(id, codes);
    }
    for (const [old, { code1, code2 }] of this.#pairs) {
      if (this.#characters <= KEPT) break;
      if (old === id) continue;
      this.#characters -= code1.length + code2.length;
      this.#pairs.delete(old);
    }
    const slugs = new Set(rows.map(({ slug }) => slug));
    await this.#readQuestions(store, [...slugs].filter((slug) => !this.#questions.has(slug)));
  }

  async #readQuestions(store: Store, slugs: string[]): Promise<void> {
    if (slugs.length === 0) return;
    const rows = await store.rows<ShownQuestion>(
      `SELECT slug, number, source, title, difficulty, topics, description, examples, constraints
       FROM questions WHERE slug IN (SELECT unnest(from_json($1::JSON, '["VARCHAR"]')))`,
      [slugs],
    );
    for (const row of rows) this.#questions.set(row.slug, row);
  }

  /** What was read before the pool changed may be another text now. */
  #forgetOld(): void {
    if (this.#version === this.pool.version) return;
    this.#version = this.pool.version;
    this.#pairs.clear();
    this.#questions.clear();
    this.#characters = 0;
  }
}
