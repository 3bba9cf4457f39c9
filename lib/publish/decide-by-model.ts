/**
 * The choice that is most probable by a model of the labelers.
 *
 * @module
 */
import { dawidSkene, type Votes } from "@/lib/publish/dawid-skene.ts";
import { COUNT_VOTES } from "@/lib/publish/majority.ts";
import { CHOICES, LABELER_KINDS } from "@/lib/publish/votes.ts";
import type { Store } from "@/lib/store/store.ts";

/** Rows of the database in memory at a time. */
const CHUNK = 100_000;
/** Two choices whose probabilities are nearer than this are a tie, whatever rounding made of them. */
const TIE = 1e-6;

/**
 * As `decideByMajority`, by {@link dawidSkene}; agreement is the probability of the outcome. Labelers of one kind are
 * modelled together, apart from the other kinds.
 */
export async function decideByModel(store: Store): Promise<void> {
  await store.run(COUNT_VOTES);
  await store.run(
    "CREATE OR REPLACE TEMP TABLE modelled (item BIGINT, labeler_kind TEXT, outcome TEXT, agreement DOUBLE)",
  );
  // One order of pairs and labelers, in which all sums are taken, makes the numbers repeatable.
  await store.run(`
CREATE OR REPLACE TEMP TABLE numbered AS
SELECT pair, labeler_kind,
  dense_rank() OVER (PARTITION BY labeler_kind ORDER BY pair) - 1 AS item,
  dense_rank() OVER (PARTITION BY labeler_kind ORDER BY labeler) - 1 AS labeler,
  list_position([${CHOICES.map((choice) => `'${choice}'`).join(", ")}], preference) - 1 AS answer,
  row_number() OVER (PARTITION BY labeler_kind ORDER BY pair, labeler) - 1 AS vote
FROM votes`);
  for (const kind of LABELER_KINDS) {
    const votes = await readVotes(store, kind);
    if (votes.itemCount > 0) await writeOutcomes(store, kind, votes);
  }
  await store.run(`
CREATE OR REPLACE TEMP TABLE decisions AS
SELECT counted.*, outcome, agreement
FROM modelled
JOIN (SELECT DISTINCT item, labeler_kind, pair FROM numbered) USING (item, labeler_kind)
JOIN counted USING (pair, labeler_kind)`);
}

async function readVotes(store: Store, kind: string): Promise<Votes> {
  const counts = await store.row<{ votes: number; items: number; labelers: number }>(
    `SELECT count(*) AS votes, coalesce(max(item) + 1, 0) AS items, coalesce(max(labeler) + 1, 0) AS labelers
     FROM numbered WHERE labeler_kind = $1`,
    [kind],
  );
  const { votes: length, items: itemCount, labelers: labelerCount } = counts!;
  const items = new Uint32Array(length), labelers = new Uint32Array(length);
  const answers = new Uint8Array(length);
  for (let from = 0; from < length; from += CHUNK) {
    const rows = await store.rows<{ item: number; labeler: number; answer: number; vote: number }>(
      `SELECT item, labeler, answer, vote FROM numbered
       WHERE labeler_kind = $1 AND vote >= $2::BIGINT AND vote < $3::BIGINT`,
      [kind, from, from + CHUNK],
    );
    for (const { item, labeler, answer, vote } of rows) {
      items[vote] = item;
      labelers[vote] = labeler;
      answers[vote] = answer;
    }
  }
  return { items, labelers, answers, itemCount, labelerCount, classCount: CHOICES.length };
}

async function writeOutcomes(store: Store, kind: string, votes: Votes): Promise<void> {
  const { posteriors_IK } = dawidSkene(votes), K = votes.classCount;
  for (let from = 0; from < votes.itemCount; from += CHUNK) {
    const rows = [];
    for (let item = from; item < Math.min(votes.itemCount, from + CHUNK); item++) {
      const posteriors = [...posteriors_IK.subarray(item * K, (item + 1) * K)];
      const agreement = Math.max(...posteriors);
      const best = CHOICES.filter((_, k) => posteriors[k] > agreement - TIE);
      rows.push({
        item,
        labeler_kind: kind,
        outcome: best.length === 1 ? best[0] : null,
        agreement,
      });
    }
    await store.insert("modelled", rows);
  }
}
