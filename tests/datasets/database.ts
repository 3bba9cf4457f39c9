import { withStore } from "@/lib/store/store.ts";
import type { Row, Store } from "@/lib/store/store.ts";

/** A database in a temporary folder, which is deleted after `work`. */
export async function withDatabase(
  work: (paths: { folder: string; db: string }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "codepref-test-" });
  try {
    await work({ folder, db: `${folder}/test.duckdb` });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A row of `questions`; HumanEval's training half unless said otherwise. */
export function question(slug: string, fields: Row = {}): Row {
  return {
    slug,
    number: 1,
    title: `Title of ${slug}`,
    difficulty: "easy",
    topics: [],
    description: `Describe ${slug}.`,
    examples: [],
    constraints: "",
    entry_point: "f",
    starter_code: "def f(x):\n    pass",
    harness: null,
    reference_code: `def f(x):\n    return "${slug}"`,
    source: "humaneval",
    source_version: "1",
    licence: "MIT",
    redistributable: true,
    split: "train",
    ...fields,
  };
}

/** A row of `generations`. */
export function generation(id: string, slug: string, fields: Row = {}): Row {
  return {
    id,
    request_key: id,
    variant: 0,
    slug,
    prompt: "…",
    options: {},
    model: "smollm2",
    model_digest: "0",
    provider: "embedded",
    raw_text: "…",
    code: `def f(x):\n    return "${id}"`,
    status: "ok",
    done_reason: "stop",
    prompt_tokens: 1,
    completion_tokens: 1,
    milliseconds: 1,
    ...fields,
  };
}

/** A row of `judgements`. */
export function judgement(generation: string, verdict: string, fields: Row = {}): Row {
  return {
    id: `${generation}-${verdict}`,
    generation,
    tests_digest: "1",
    verdict,
    cases_total: 2,
    cases_passed: verdict === "pass" ? 2 : 0,
    milliseconds: 1,
    peak_memory_bytes: 1,
    isolation: "process",
    ...fields,
  };
}

/** A row of `labels`. */
export function label(pair: string, labeler: string, preference: string, fields: Row = {}): Row {
  const id = `${pair}/${labeler}/${fields.showing ?? 1}`;
  return {
    id,
    client_id: id,
    pair,
    showing: 1,
    action: "label",
    supersedes: null,
    labeler,
    labeler_kind: "human",
    preference,
    side_order: "12",
    active_ms: 1,
    wall_ms: 1,
    revealed: [],
    ...fields,
  };
}

/** Two generations `<id>-1` and `<id>-2` of a question and the pair of them. */
export async function addPair(
  store: Store,
  id: string,
  slug: string,
  codes: [string | null, string | null] = [`a = "${id}"`, `b = "${id}"`],
): Promise<void> {
  await store.insert("generations", [
    generation(`${id}-1`, slug, { code: codes[0] }),
    generation(`${id}-2`, slug, { code: codes[1] }),
  ]);
  await store.insert("pairs", [
    { id, slug, version1: `${id}-1`, version2: `${id}-2`, kind: "generated" },
  ]);
}

/** A database with `n` questions, each with one pair that one human labeled. */
export async function labeledDatabase(db: string, n: number): Promise<void> {
  await withStore(db, async (store) => {
    const slugs = Array.from({ length: n }, (_, i) => `question-${i}`);
    await store.insert("questions", slugs.map((slug) => question(slug)));
    await store.insert(
      "generations",
      slugs.flatMap((slug) => [generation(`${slug}-a`, slug), generation(`${slug}-b`, slug)]),
    );
    await store.insert(
      "pairs",
      slugs.map((slug) => ({
        id: `pair-${slug}`,
        slug,
        version1: `${slug}-a`,
        version2: `${slug}-b`,
        kind: "generated",
      })),
    );
    await store.insert(
      "labels",
      slugs.map((slug, i) => label(`pair-${slug}`, "ada", i % 2 ? "version1" : "version2")),
    );
  });
}
