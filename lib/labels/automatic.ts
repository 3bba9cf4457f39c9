/**
 * Labels that unit tests give.
 *
 * @module
 */
import type { Row, Store } from "@/lib/store/store.ts";
import { NEWEST_VERDICTS, STANDS } from "@/lib/store/standing.ts";

/** The labeler's name; its `labeler_kind` is `tests`. */
export const TESTS_LABELER = "unit-tests";

/** Why tests do not decide on a pair. */
export type Undecided = "both pass" | "both fail" | "not judged";

/** What {@link labelByTests} did. Counts are of pairs. */
export interface TestLabels {
  /** Labels written by this call. */
  written: number;
  /** Labels taken back by this call, because a newer judgement no longer tells the versions apart. */
  withdrawn: number;
  /** Pairs that tests decide on, those of earlier calls included. */
  decided: number;
  /** Pairs they do not decide on. */
  undecided: Record<Undecided, number>;
}

interface JudgedPair {
  pair: string;
  verdict1: string | null;
  verdict2: string | null;
  /** The label of ours that stands, if there is one. */
  label: string | null;
  preference: string | null;
  /** How many rows of ours the pair has. */
  showings: number;
}

const JUDGED_PAIRS = `
WITH newest AS (${NEWEST_VERDICTS}),
ours AS (SELECT * FROM labels WHERE labeler = $1),
standing AS (
  SELECT pair, id, preference FROM ours
  WHERE ${STANDS}
  QUALIFY row_number() OVER (PARTITION BY pair ORDER BY showing DESC, id DESC) = 1
)
SELECT p.id AS pair, n1.verdict AS verdict1, n2.verdict AS verdict2, s.id AS label, s.preference,
  (SELECT count(*) FROM ours WHERE ours.pair = p.id) AS showings
FROM pairs p
LEFT JOIN newest n1 ON n1.generation = p.version1
LEFT JOIN newest n2 ON n2.generation = p.version2
LEFT JOIN standing s ON s.pair = p.id
WHERE p.kind = 'generated'
ORDER BY p.id`;

/**
 * Labels each generated pair of which one version passes its tests and the other does not. Calling it again
 * changes nothing, unless a newer judgement changed the decision: then the old label is superseded.
 */
export function labelByTests(store: Store): Promise<TestLabels> {
  return store.transaction(async () => {
    const pairs = await store.rows<JudgedPair>(JUDGED_PAIRS, [TESTS_LABELER]);
    const result: TestLabels = {
      written: 0,
      withdrawn: 0,
      decided: 0,
      undecided: { "both pass": 0, "both fail": 0, "not judged": 0 },
    };
    const rows: Row[] = [];
    for (const pair of pairs) {
      const decision = decide(pair);
      if (decision === "version1" || decision === "version2") {
        result.decided++;
        if (pair.preference === decision) continue;
        result.written++;
        rows.push(labelRow(pair, "label", decision));
      } else {
        result.undecided[decision]++;
        if (pair.label === null) continue;
        result.withdrawn++;
        rows.push(labelRow(pair, "undo", null));
      }
    }
    await store.insert(
      "labelers",
      rows.length > 0 ? [{ name: TESTS_LABELER, kind: "tests" }] : [],
      "DO NOTHING",
    );
    await store.insert("labels", rows);
    return result;
  });
}

function decide({ verdict1, verdict2 }: JudgedPair): "version1" | "version2" | Undecided {
  if (verdict1 === null || verdict2 === null) return "not judged";
  if (verdict1 === "pass") return verdict2 === "pass" ? "both pass" : "version1";
  return verdict2 === "pass" ? "version2" : "both fail";
}

function labelRow(pair: JudgedPair, action: "label" | "undo", preference: string | null): Row {
  const showing = pair.showings + 1;
  const id = `${TESTS_LABELER}/${pair.pair}/${showing}`;
  return {
    id,
    client_id: id,
    pair: pair.pair,
    showing,
    action,
    supersedes: pair.label,
    labeler: TESTS_LABELER,
    labeler_kind: "tests",
    preference,
    // What tests can tell is correctness, and nothing else.
    correctness: preference,
    side_order: "12",
    active_ms: 0,
    wall_ms: 0,
    revealed: ["tests"],
  };
}
