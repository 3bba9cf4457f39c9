/**
 * Pairs for newcomers to practise on: their right answers are known and explained, and what is answered is kept apart
 * from labels.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { PairCodes, ShownQuestion } from "@/lib/labels/contents.ts";
import { type Side, sidesOf } from "@/lib/labels/item.ts";
import { PRACTICE_SAMPLE } from "@/lib/labels/practice-sample.ts";
import {
  FIRST_SHOWING,
  sideOrder,
  type SideVerdict,
  toSides,
  toVersions,
  type VersionVerdict,
} from "@/lib/labels/showing.ts";
import type { Store } from "@/lib/store/store.ts";

/** A pair with its answer. */
export interface PracticePair extends Pick<PairCodes, "code1" | "code2"> {
  pair: string;
  question: ShownQuestion;
  preference: VersionVerdict;
  /** Why it is right, told after the labeler's answer. */
  reason: string;
}

/** A pair as a labeler sees it. */
export interface PracticeTask {
  pair: string;
  question: ShownQuestion;
  a: Side;
  b: Side;
}

/** How far a labeler has practised, in pairs. */
export interface PracticeState {
  total: number;
  /** Answered, or passed over. */
  done: number;
  right: number;
  next: PracticeTask | null;
}

/** What is said of an answer. */
export interface Feedback {
  right: boolean;
  /** The right answer, in sides. */
  preference: SideVerdict;
  reason: string;
}

interface Answer {
  pair: string;
  preference: VersionVerdict | null;
}

/** Whose practice, and how many pairs of it at most. */
export interface Practising {
  /** The secret of the database. */
  secret: string;
  labeler: string;
  count: number;
}

/** How far the labeler is, and what comes next. */
export async function practiceState(
  store: Store,
  { secret, labeler, count }: Practising,
): Promise<PracticeState> {
  const pairs = await readPairs(store, count);
  const answers = new Map((await readAnswers(store, labeler)).map((row) => [row.pair, row]));
  const next = pairs.find(({ pair }) => !answers.has(pair));
  return {
    total: pairs.length,
    done: pairs.filter(({ pair }) => answers.has(pair)).length,
    right: pairs.filter(({ pair, preference }) => answers.get(pair)?.preference === preference)
      .length,
    next: next ? taskOf(next, secret, labeler) : null,
  };
}

/**
 * Keeps an answer and says whether it is right. The first answer counts; a repeat is told the same.
 * @throws InputError when the pair is none to practise on
 */
export async function answerPractice(
  store: Store,
  { secret, labeler, count }: Practising,
  pair: string,
  preference: SideVerdict,
): Promise<Feedback> {
  const known = (await readPairs(store, count)).find((candidate) => candidate.pair === pair);
  if (!known) {
    throw new InputError(`There is no practice pair ${pair}; GET /api/practice names one.`);
  }
  const order = sideOrder(secret, labeler, pair, FIRST_SHOWING);
  const answer = toVersions(preference, order);
  await keep(store, labeler, [{ pair, preference: answer }]);
  const said = (await readAnswers(store, labeler)).find((row) => row.pair === pair)!;
  return {
    right: said.preference === known.preference,
    preference: toSides(known.preference, order),
    reason: known.reason,
  };
}

/** Passes over what the labeler has not answered. */
export async function skipPractice(
  store: Store,
  { labeler, count }: Pick<Practising, "labeler" | "count">,
): Promise<void> {
  const pairs = await readPairs(store, count);
  await keep(store, labeler, pairs.map(({ pair }) => ({ pair, preference: null })));
}

/** A pair of the database to practise on, and how people did. */
export interface ListedPractice {
  pair: string;
  preference: VersionVerdict;
  note: string;
  answered: number;
  right: number;
}

/**
 * Makes a pair one to practise on; it is not given out to be labeled any more. A gold pair brings its answer and its
 * note.
 * @throws InputError when there is no such pair, or it is not known what is right and why
 */
export async function addPractice(
  store: Store,
  { pair, preference, note }: {
    pair: string;
    preference: VersionVerdict | null;
    note: string | null;
  },
): Promise<void> {
  const row = await store.row<{ preference: VersionVerdict | null; note: string | null }>(
    "SELECT g.preference, g.note FROM pairs p LEFT JOIN gold g ON g.pair = p.id WHERE p.id = $1",
    [pair],
  );
  if (!row) {
    throw new InputError(`There is no pair ${pair}; the page of a pair has its id in the address.`);
  }
  const answer = preference ?? row.preference, reason = note ?? row.note;
  if (!answer || !reason) {
    throw new InputError(
      'Say what the right answer is and why, which newcomers are told: preference=version1 note="…"',
    );
  }
  await store.insert(
    "practice_pairs",
    [{ pair, preference: answer, note: reason }],
    "(pair) DO UPDATE SET preference = excluded.preference, note = excluded.note",
  );
}

/**
 * Makes a practice pair one like the others.
 * @throws InputError when it is none
 */
export async function removePractice(store: Store, pair: string): Promise<void> {
  const rows = await store.rows("DELETE FROM practice_pairs WHERE pair = $1 RETURNING pair", [
    pair,
  ]);
  if (rows.length === 0) throw new InputError(`Pair ${pair} is not one to practise on.`);
}

/** The pairs of this database to practise on; where there are none, those that come with the app are shown. */
export function listPractice(store: Store): Promise<ListedPractice[]> {
  return store.rows(
    `SELECT p.pair, p.preference, p.note, count(a.preference) AS answered,
       count(*) FILTER (a.preference = p.preference) AS right
     FROM practice_pairs p LEFT JOIN practice_answers a ON a.pair = p.pair
     GROUP BY ALL ORDER BY p.pair`,
  );
}

type Row = ShownQuestion & Omit<PracticePair, "question">;

async function readPairs(store: Store, count: number): Promise<readonly PracticePair[]> {
  const rows = await store.rows<Row>(
    `SELECT r.pair, r.preference, r.note AS reason, g1.code AS code1, g2.code AS code2, q.slug, q.number, q.source,
       q.title, q.difficulty, q.topics, q.description, q.examples, q.constraints
     FROM practice_pairs r
     JOIN pairs p ON p.id = r.pair JOIN questions q ON q.slug = p.slug
     JOIN generations g1 ON g1.id = p.version1 JOIN generations g2 ON g2.id = p.version2
     ORDER BY r.pair LIMIT $1`,
    [count],
  );
  if (rows.length === 0) return PRACTICE_SAMPLE.slice(0, count);
  return rows.map(({ pair, preference, reason, code1, code2, ...question }) => (
    { pair, preference, reason, code1, code2, question }
  ));
}

function readAnswers(store: Store, labeler: string): Promise<Answer[]> {
  return store.rows("SELECT pair, preference FROM practice_answers WHERE labeler = $1", [labeler]);
}

async function keep(store: Store, labeler: string, answers: readonly Answer[]): Promise<void> {
  const rows = answers.map((answer) => ({ labeler, ...answer }));
  if (rows.length > 0) await store.insert("practice_answers", rows, "DO NOTHING");
}

function taskOf(practice: PracticePair, secret: string, labeler: string): PracticeTask {
  const { pair, question, code1, code2 } = practice;
  const codes = { slug: question.slug, id1: `${pair} 1`, code1, id2: `${pair} 2`, code2 };
  return { pair, question, ...sidesOf(secret, labeler, pair, FIRST_SHOWING, codes) };
}
