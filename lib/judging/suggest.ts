/**
 * What measurements say of a pair, criterion by criterion, with the reason. People are shown it after their own
 * decision alone; where tests decide, it is what the labeler `unit-tests` says.
 *
 * @module
 */
import { MARGIN } from "@/lib/judging/compare-times.ts";
import type { Verdict } from "@/lib/judging/judge.ts";
import type { Readability } from "@/lib/judging/readability.ts";

/** What is suggested for one criterion; null: the measurements do not say. */
export interface Suggestion {
  verdict: "version1" | "version2" | "same" | null;
  reason: string;
}

/** A suggestion for each criterion that labelers judge. */
export interface Suggestions {
  correctness: Suggestion;
  performance: Suggestion;
  readability: Suggestion;
}

/** What is known of a version. */
export interface Measured {
  /** The newest judgement; null: not judged. */
  judgement: { verdict: Verdict; cases_passed: number; cases_total: number } | null;
  /** null: it has no code. */
  readability: Readability | null;
}

/** CPU time of version 1 over that of version 2, with its interval. */
export interface MeasuredTimes {
  ratio: number;
  low: number;
  high: number;
}

/** A measure counts where one version has so much more of it, by ratio and by number. */
const CLEARLY: Record<keyof Readability, { ratio: number; least: number; name: string }> = {
  complexity: { ratio: 1.25, least: 2, name: "complexity" },
  nesting: { ratio: 1.25, least: 1, name: "nesting" },
  statements: { ratio: 1.25, least: 3, name: "statements" },
  longest_line: { ratio: 1.25, least: 20, name: "longest line" },
};

/** Suggests a verdict for each criterion. A pure function of what was measured. */
export function suggest(
  one: Measured,
  two: Measured,
  times: MeasuredTimes | null,
): Suggestions {
  return {
    correctness: correctness(one.judgement, two.judgement),
    performance: performance(one.judgement, two.judgement, times),
    readability: readable(one.readability, two.readability),
  };
}

function correctness(one: Measured["judgement"], two: Measured["judgement"]): Suggestion {
  if (!one || !two) return { verdict: null, reason: "the tests were not run on both" };
  const told = `version1 passes ${share(one)}, version2 ${share(two)}`;
  const [first, second] = [one.verdict === "pass", two.verdict === "pass"];
  if (first && second) return { verdict: "same", reason: `both pass all ${one.cases_total} tests` };
  if (first || second) return { verdict: first ? "version1" : "version2", reason: told };
  return { verdict: null, reason: `neither passes the tests: ${told}` };
}

function share({ verdict, cases_passed, cases_total }: NonNullable<Measured["judgement"]>): string {
  return verdict === "pass" ? "all tests" : `${cases_passed} of ${cases_total} tests (${verdict})`;
}

function performance(
  one: Measured["judgement"],
  two: Measured["judgement"],
  times: MeasuredTimes | null,
): Suggestion {
  if (one?.verdict !== "pass" || two?.verdict !== "pass") {
    return { verdict: null, reason: "only solutions that both pass the tests are timed" };
  }
  if (!times) return { verdict: null, reason: "no time was measured" };
  const { ratio, low, high } = times;
  const interval = `version1 takes ${ratio.toFixed(2)} times as long as version2 (99 %: ${
    low.toFixed(2)
  } to ${high.toFixed(2)})`;
  if (low > MARGIN) return { verdict: "version2", reason: interval };
  if (high < 1 / MARGIN) return { verdict: "version1", reason: interval };
  return { verdict: "same", reason: `no difference found: ${interval}` };
}

function readable(one: Readability | null, two: Readability | null): Suggestion {
  if (!one || !two) return { verdict: null, reason: "there is no code to measure" };
  const better = { version1: [] as string[], version2: [] as string[] };
  for (const [measure, { ratio, least, name }] of Object.entries(CLEARLY)) {
    const [x, y] = [one[measure as keyof Readability], two[measure as keyof Readability]];
    const [less, more] = [Math.min(x, y), Math.max(x, y)];
    if (more - less < least || more < ratio * less) continue;
    better[x < y ? "version1" : "version2"].push(`${name} ${x} and ${y}`);
  }
  const { version1, version2 } = better;
  if (version1.length + version2.length === 0) {
    return { verdict: "same", reason: "complexity, nesting and length are about the same" };
  }
  const told = [...version1, ...version2].join(", ");
  if (version1.length > 0 && version2.length > 0) {
    return { verdict: null, reason: `the measures disagree: ${told}` };
  }
  // One number alone says little of how code reads.
  if (version1.length + version2.length < 2) {
    return { verdict: null, reason: `only one measure differs: ${told}` };
  }
  return { verdict: version1.length > 0 ? "version1" : "version2", reason: told };
}
