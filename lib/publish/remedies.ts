/**
 * What to do about pairs that are left out.
 *
 * @module
 */

/** By reason: the setting that takes them, or what brings them in otherwise. */
const REMEDIES: Record<string, string> = {
  "synthetic": "take them with include_synthetic=true",
  "question missing": "import their questions again with deno task import",
  "too long": "take longer ones with max_characters=",
  "too few labelers": "have more people label them, or ask for fewer with min_labels=",
  "labelers divided": "have more people label them, or let unit tests decide with ties=tests",
  "too little agreement": "ask for less with min_agreement=",
  "same": "let unit tests decide, where they can, with ties=tests",
  "both bad": "let unit tests decide, where they can, with both_bad=tests",
  "both fail their tests": "take failing answers with failing_both=keep",
  "private text": "where it is only a word, say so with allow_words=",
};

/** How pairs that are left out for this reason can be taken; undefined where they never are. */
export const remedyOf = (reason: string): string | undefined => REMEDIES[reason];
