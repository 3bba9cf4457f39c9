/**
 * What counts of the tables that are only appended to, as parts of SQL.
 *
 * @module
 */

/** Query of `generation` and `verdict`: the newest judgement of each generation. */
export const NEWEST_VERDICTS = `
  SELECT generation, verdict FROM judgements
  QUALIFY row_number() OVER (PARTITION BY generation ORDER BY judged_at DESC, id DESC) = 1`;

/** Condition on a row of `labels`: a decision that was neither changed nor taken back. */
export const STANDS =
  "action = 'label' AND id NOT IN (SELECT supersedes FROM labels WHERE supersedes IS NOT NULL)";
