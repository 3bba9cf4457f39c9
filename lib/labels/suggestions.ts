/**
 * What measurements suggest for a pair, as a labeler sees its sides, once that labeler has decided.
 *
 * @module
 */
import { testsDigest } from "@/lib/judging/judge-generations.ts";
import { readability } from "@/lib/judging/readability.ts";
import { readJudgeable } from "@/lib/judging/read-judgeable.ts";
import { type MeasuredTimes, suggest, type Suggestions } from "@/lib/judging/suggest.ts";
import type { Verdict } from "@/lib/judging/judge.ts";
import { type SideOrder, toSides } from "@/lib/labels/showing.ts";
import type { Store } from "@/lib/store/store.ts";

/** A suggestion, told in sides. */
export interface SideSuggestion {
  verdict: "a" | "b" | "same" | null;
  reason: string;
}

interface VersionRow {
  code: string | null;
  verdict: Verdict | null;
  cases_passed: number;
  cases_total: number;
}

/** What is measured of a pair now; nothing is run. undefined: there is no such pair. */
export async function pairSuggestions(
  store: Store,
  pair: string,
): Promise<Suggestions | undefined> {
  const found = await store.row<{ slug: string; version1: string; version2: string }>(
    "SELECT slug, version1, version2 FROM pairs WHERE id = $1",
    [pair],
  );
  if (!found) return undefined;
  const judgeable = await readJudgeable(store, found.slug);
  // Judgements on tests that have changed since say nothing of these.
  const digest = judgeable.question.harness ? testsDigest(judgeable) : "";
  const measured = async (generation: string) => {
    const row = (await store.row<VersionRow>(
      `SELECT g.code, j.verdict, j.cases_passed, j.cases_total FROM generations g
       LEFT JOIN judgements j ON j.generation = g.id AND j.tests_digest = $2 WHERE g.id = $1`,
      [generation, digest],
    ))!;
    const { code, verdict, cases_passed, cases_total } = row;
    return {
      judgement: verdict === null ? null : { verdict, cases_passed, cases_total },
      readability: code === null ? null : readability(code),
    };
  };
  const times = await store.row<MeasuredTimes>(
    "SELECT ratio, low, high FROM timings WHERE pair = $1 AND tests_digest = $2",
    [pair, digest],
  );
  return suggest(await measured(found.version1), await measured(found.version2), times ?? null);
}

/** The suggestions for the pair of a decision, by the sides on which its labeler saw the versions. */
export async function suggestionsAfter(
  store: Store,
  label: string,
): Promise<Record<keyof Suggestions, SideSuggestion> | null> {
  const decided = await store.row<{ pair: string; side_order: SideOrder }>(
    "SELECT pair, side_order FROM labels WHERE id = $1 AND action IN ('label', 'skip')",
    [label],
  );
  const suggestions = decided && await pairSuggestions(store, decided.pair);
  if (!decided || !suggestions) return null;
  const order = decided.side_order;
  const side = ({ verdict, reason }: Suggestions["correctness"]): SideSuggestion => ({
    verdict: verdict && toSides(verdict, order) as SideSuggestion["verdict"],
    reason: reason.replace(/version[12]/g, (version) => toSides(version as "version1", order)),
  });
  const { correctness, performance, readability } = suggestions;
  return {
    correctness: side(correctness),
    performance: side(performance),
    readability: side(readability),
  };
}
