/**
 * What there is to tell of a dataset, from the tables that it is made of.
 *
 * @module
 */
import {
  type AgreementFacts,
  agreementFacts,
  type LabelerFacts,
  labelerFacts,
} from "@/lib/publish/labelers.ts";
import type { PreferenceCounts } from "@/lib/publish/preferences.ts";
import { measure, type Side, type Sizes } from "@/lib/publish/tables.ts";
import type { Store } from "@/lib/store/store.ts";

/** What a card tells beside the options. */
export interface DatasetFacts extends PreferenceCounts {
  /** SHA-256 over the data files of the default config. */
  digest: string;
  /** Rows of each split of each config. */
  sizes: Sizes;
  /** Their bytes in memory. */
  bytes: Sizes;
  /** Rows by question source, licence, pair kind, labeler kind and split. */
  rows: {
    source: string;
    licence: string;
    redistributable: boolean;
    pair_kind: string;
    labeler_kind: string;
    side: Side;
    pairs: number;
    questions: number;
  }[];
  difficulties: { difficulty: string; pairs: number }[];
  /** Models that wrote the answers; reference solutions come with their questions. */
  models: { model: string; provider: string; answers: number }[];
  /** Pairs by how many labelers decided on them, and how many of these preferred what is chosen. */
  votes: { labelers: number; agreeing: number; pairs: number }[];
  labelers: LabelerFacts[];
  agreement: AgreementFacts;
}

/** Sources of questions and models that wrote answers, of all that is published. */
export type Origins = Pick<DatasetFacts, "rows" | "models">;

/** Reads what the card tells from the tables that `preparePreferences` left on the connection. */
export async function datasetFacts(
  store: Store,
  counts: PreferenceCounts,
  digest: string,
): Promise<DatasetFacts> {
  const kept = "FROM preferences p JOIN questions q ON q.slug = p.question WHERE p.dropped IS NULL";
  return {
    ...counts,
    ...await origins(store),
    digest,
    ...await measure(store),
    difficulties: await store.rows(
      `SELECT q.difficulty, count(*) AS pairs ${kept} GROUP BY q.difficulty ORDER BY q.difficulty`,
    ),
    votes: await store.rows(
      `SELECT labelers, agreeing, count(*) AS pairs FROM preferences WHERE dropped IS NULL
       GROUP BY labelers, agreeing ORDER BY labelers, agreeing`,
    ),
    labelers: await labelerFacts(store),
    agreement: await agreementFacts(store),
  };
}

/** Where the texts come from. */
export async function origins(store: Store): Promise<Origins> {
  return {
    rows: await store.rows(
      `SELECT q.source, q.licence, q.redistributable, p.pair_kind, p.labeler_kind, p.side,
         count(*) AS pairs, count(DISTINCT p.question) AS questions
       FROM preferences p JOIN questions q ON q.slug = p.question
       WHERE p.dropped IS NULL GROUP BY ALL ORDER BY ALL`,
    ),
    models: await store.rows(
      `SELECT g.model, g.provider, count(*) AS answers FROM (
         SELECT chosen_id AS id FROM preferences WHERE dropped IS NULL
         UNION ALL SELECT rejected_id FROM preferences WHERE dropped IS NULL)
       JOIN generations g USING (id) GROUP BY ALL ORDER BY ALL`,
    ),
  };
}
