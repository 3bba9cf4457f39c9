/** The criteria that a label may have a verdict on. */
export const CRITERIA = ["correctness", "performance", "readability"] as const;
/** What a label says, each with its verdicts: the overall preference and three criteria. */
export const MEASURES = ["preference", ...CRITERIA] as const;
export type Measure = typeof MEASURES[number];

/** A verdict as it is stored. `both_bad` is for the preference alone. */
export const VERDICTS = ["version1", "version2", "same", "both_bad"] as const;
export type Verdict = typeof VERDICTS[number];
