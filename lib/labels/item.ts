/**
 * What a labeler is shown: a question and, where there is one, a pair in its side order.
 *
 * @module
 */
import { type Decision, standingDecision } from "@/lib/labels/decision.ts";
import {
  isOfferable,
  type LabelingProgress,
  labelingProgress,
  nextPair,
  pairOfQuestion,
} from "@/lib/labels/order.ts";
import { FIRST_SHOWING, opaqueId, sideOrder } from "@/lib/labels/showing.ts";
import { InputError } from "@/lib/errors.ts";
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

/** The code on one side. */
export interface Side {
  id: string;
  code: string;
}

/** One thing to label. Without a pair, the question waits for one to be generated. */
export interface LabelingItem {
  pair: string | null;
  showing: number;
  /** null: the database has no questions. */
  question: ShownQuestion | null;
  a: Side | null;
  b: Side | null;
  /** What this labeler has already decided about this showing. */
  decision: Decision | null;
  progress: LabelingProgress;
}

/** What to show: a pair by its id, a question by slug or number, or, with neither, what comes next. */
export interface Wanted {
  pair?: string;
  question?: string;
}

/**
 * The item that was asked for, or the next one for this labeler.
 * @throws InputError when there is no such pair or question
 */
export async function labelingItem(
  store: Store,
  secret: string,
  labeler: string,
  { pair: wantedPair, question: wantedQuestion }: Wanted = {},
): Promise<LabelingItem> {
  const progress = await labelingProgress(store, labeler);
  if (wantedPair !== undefined && !await isOfferable(store, wantedPair)) {
    throw new InputError(`There is no pair ${wantedPair} to label; GET /api/next names one.`);
  }
  const slug = wantedQuestion === undefined ? undefined : await findQuestion(store, wantedQuestion);
  const pair = wantedPair ??
    (slug ? await pairOfQuestion(store, labeler, slug) : await nextPair(store, labeler));
  const showing = FIRST_SHOWING;
  if (pair === undefined) {
    const question = await readShown(store, slug ?? await questionWithoutPair(store));
    return { pair: null, showing, question, a: null, b: null, decision: null, progress };
  }
  const codes = await store.row<
    { slug: string; id1: string; code1: string; id2: string; code2: string }
  >(
    `SELECT p.slug, g1.id AS id1, g1.code AS code1, g2.id AS id2, g2.code AS code2
     FROM pairs p
     JOIN generations g1 ON g1.id = p.version1
     JOIN generations g2 ON g2.id = p.version2
     WHERE p.id = $1`,
    [pair],
  );
  const { id1, code1, id2, code2 } = codes!;
  const one = { id: opaqueId(secret, id1), code: code1 };
  const two = { id: opaqueId(secret, id2), code: code2 };
  const [a, b] = sideOrder(secret, labeler, pair, showing) === "12" ? [one, two] : [two, one];
  const decision = await standingDecision(store, labeler, pair, showing) ?? null;
  const question = await readShown(store, codes!.slug);
  return { pair, showing, question, a, b, decision, progress };
}

/** The slug of a question named by slug or number; of two with one number, LeetCode's. */
async function findQuestion(store: Store, named: string): Promise<string> {
  const row = await store.row<{ slug: string }>(
    `SELECT slug FROM questions
     WHERE slug = $1 OR CAST(number AS TEXT) = $1
     ORDER BY slug = $1 DESC, source = 'leetcode' DESC, slug LIMIT 1`,
    [named.trim().toLowerCase()],
  );
  if (!row) throw new InputError(`There is no question ${named}.`);
  return row.slug;
}

async function questionWithoutPair(store: Store): Promise<string | undefined> {
  const row = await store.row<{ slug: string }>(
    `SELECT slug FROM questions
     WHERE split = 'train' AND slug NOT IN (SELECT slug FROM pairs)
     ORDER BY source DESC, number, slug LIMIT 1`,
  );
  return row?.slug;
}

async function readShown(store: Store, slug: string | undefined): Promise<ShownQuestion | null> {
  if (slug === undefined) return null;
  const row = await store.row<ShownQuestion>(
    `SELECT slug, number, source, title, difficulty, topics, description, examples, constraints
     FROM questions WHERE slug = $1`,
    [slug],
  );
  return row ?? null;
}
