/**
 * A database as a team leaves it after a while: pairs, and many labels on them.
 *
 * @module
 */
import { withStore } from "@/lib/store/store.ts";

/** How much there is. */
export interface Filling {
  pairs: number;
  /** Labels of people who are not there any more; each has labeled a pair once at most. */
  labels: number;
}

/** Fills a new database. */
export async function fillDatabase(path: string, { pairs, labels }: Filling): Promise<void> {
  await withStore(path, async (store) => {
    await store.run(
      `INSERT INTO questions (slug, number, title, difficulty, topics, description, examples, constraints, entry_point,
         starter_code, source, source_version, licence, redistributable, split)
       SELECT 'question-' || i, i, 'Question ' || i, 'medium', ['lists'], repeat('Write a function. ', 60), ['f(1)'],
         'None.', 'f', 'def f(x): ...', 'bench', '1', 'Apache-2.0', true, 'train'
       FROM range($1::BIGINT) t(i)`,
      [Math.ceil(pairs / 4)],
    );
    await store.run(
      `INSERT INTO generations (id, request_key, variant, slug, prompt, options, model, model_digest, provider,
         raw_text, code, status, done_reason, prompt_tokens, completion_tokens, milliseconds)
       SELECT 'answer-' || i || '-' || v, 'request-' || i, v, 'question-' || (i // 4), 'p', '{}', 'model', 'd',
         'embedded', '', 'def f(x):' || repeat(chr(10) || '    x = x + ' || v, 40), 'ok', 'stop', 1, 1, 1
       FROM range($1::BIGINT) t(i), range(2) u(v)`,
      [pairs],
    );
    await store.run(
      `INSERT INTO pairs (id, slug, version1, version2, kind)
       SELECT 'pair-' || i, 'question-' || (i // 4), 'answer-' || i || '-0', 'answer-' || i || '-1', 'generated'
       FROM range($1::BIGINT) t(i)`,
      [pairs],
    );
    await store.run(
      `INSERT INTO labels (id, client_id, pair, showing, action, labeler, labeler_kind, preference, correctness,
         side_order, active_ms, wall_ms, revealed)
       SELECT uuid(), uuid(), 'pair-' || (i % $2), 1, 'label', 'former labeler ' || (i // $2), 'human',
         CASE hash(i) % 3 WHEN 0 THEN 'version1' WHEN 1 THEN 'version2' ELSE 'same' END, 'same', '12', 20000, 30000,
         '[]'
       FROM range($1::BIGINT) t(i)`,
      [labels, pairs],
    );
    await store.run("CHECKPOINT");
  });
}
