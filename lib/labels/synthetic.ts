/**
 * Synthetic preferences: reference solutions against answers that failed. They give a demonstration something
 * to train on before anybody has labeled; they say nothing about what people prefer, and are marked as such
 * wherever they go.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { questionFromRow, questionPrompt } from "@/lib/questions/question.ts";
import type { Row, Store } from "@/lib/store/store.ts";
import { NEWEST_VERDICTS } from "@/lib/store/standing.ts";

/** The labeler's name; its `labeler_kind` is `synthetic`. */
export const REFERENCE_LABELER = "reference-solution";

/** What {@link addSyntheticPairs} did. */
export interface SyntheticPairs {
  /** Pairs written by this call, each with its label. */
  written: number;
  /** Synthetic pairs in the database, those of earlier calls included. */
  total: number;
  /** Questions with a reference solution that got no pair, by reason. */
  without: { "no readable answer": number; "not judged": number; "all answers pass": number };
}

type QuestionRow = Parameters<typeof questionFromRow>[0];

const FAILED_ANSWERS = `
WITH newest AS (${NEWEST_VERDICTS})
SELECT g.slug, g.id, n.verdict
FROM generations g LEFT JOIN newest n ON n.generation = g.id
WHERE g.provider <> 'reference' AND g.status = 'ok' AND g.code IS NOT NULL
ORDER BY g.slug, g.id`;

/**
 * Sets the reference solution of each HumanEval question of the training half against every readable answer
 * that failed its tests: a generation with provider `reference`, a pair of kind `synthetic` and its label.
 * Calling it again adds only what is new.
 */
export function addSyntheticPairs(store: Store): Promise<SyntheticPairs> {
  return store.transaction(async () => {
    const questions = await store.rows<QuestionRow>(
      `SELECT * FROM questions
       WHERE source = 'humaneval' AND split = 'train' AND reference_code IS NOT NULL ORDER BY slug`,
    );
    const answers = Map.groupBy(
      await store.rows<{ slug: string; id: string; verdict: string | null }>(FAILED_ANSWERS),
      (answer) => answer.slug,
    );
    const without = { "no readable answer": 0, "not judged": 0, "all answers pass": 0 };
    const references: Row[] = [], pairs: Row[] = [], labels: Row[] = [];
    for (const question of questions) {
      const readable = answers.get(question.slug) ?? [];
      const judged = readable.filter(({ verdict }) => verdict !== null);
      const failed = judged.filter(({ verdict }) => verdict !== "pass");
      if (failed.length === 0) {
        if (readable.length === 0) without["no readable answer"]++;
        else if (judged.length < readable.length) without["not judged"]++;
        else without["all answers pass"]++;
        continue;
      }
      const reference = referenceRow(question);
      references.push(reference);
      for (const { id } of failed) {
        const { pair, label } = pairRows(question.slug, reference.id as string, id);
        pairs.push(pair);
        labels.push(label);
      }
    }
    await store.insert("generations", references, "DO NOTHING");
    await store.insert("pairs", pairs, "DO NOTHING");
    if (labels.length > 0) {
      await store.insert(
        "labelers",
        [{ name: REFERENCE_LABELER, kind: "synthetic" }],
        "DO NOTHING",
      );
    }
    const written = await store.insert("labels", labels, "DO NOTHING");
    const total = await store.row<{ n: number }>(
      "SELECT count(*) AS n FROM pairs WHERE kind = 'synthetic'",
    );
    return { written, total: total!.n, without };
  });
}

function referenceRow(row: QuestionRow): Row {
  const code = row.reference_code!;
  const digest = sha256(JSON.stringify([row.slug, row.source_version, code]));
  return {
    id: `reference-${digest.slice(0, 24)}`,
    request_key: `reference-${digest}`,
    variant: 0,
    slug: row.slug,
    prompt: questionPrompt(questionFromRow(row)),
    options: {},
    model: `${row.source} reference`,
    model_digest: sha256(code),
    provider: "reference",
    raw_text: code,
    code,
    status: "ok",
    done_reason: "stop",
    prompt_tokens: 0,
    completion_tokens: 0,
    milliseconds: 0,
  };
}

function pairRows(slug: string, reference: string, failed: string): { pair: Row; label: Row } {
  const digest = sha256(`${reference}/${failed}`).slice(0, 24);
  // Which version is the reference is left to the digest, so that the version's number tells nothing.
  const referenceFirst = parseInt(digest[0], 16) % 2 === 0;
  const [version1, version2] = referenceFirst ? [reference, failed] : [failed, reference];
  const preference = referenceFirst ? "version1" : "version2";
  const pair = { id: `synthetic-${digest}`, slug, version1, version2, kind: "synthetic" };
  const id = `${REFERENCE_LABELER}/${pair.id}/1`;
  const label = {
    id,
    client_id: id,
    pair: pair.id,
    showing: 1,
    action: "label",
    labeler: REFERENCE_LABELER,
    labeler_kind: "synthetic",
    preference,
    correctness: preference,
    side_order: "12",
    active_ms: 0,
    wall_ms: 0,
    revealed: ["tests"],
  };
  return { pair, label };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
