/**
 * From a database to what is going to be published, whatever it is written to.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { PreferenceOptions } from "@/lib/publish/options.ts";
import { findPrivate, refusalOf } from "@/lib/publish/findings.ts";
import {
  countPreferences,
  type PreferenceCounts,
  preparePreferences,
} from "@/lib/publish/preferences.ts";
import { remedyOf } from "@/lib/publish/remedies.ts";
import { beginStep, type StepOptions } from "@/lib/publish/steps.ts";
import { makeViews, PUBLISHED } from "@/lib/publish/tables.ts";
import type { Store } from "@/lib/store/store.ts";

/** What DuckDB may hold before it writes to the disk beside the database. */
const MEMORY_LIMIT = "1GB";

/**
 * Leaves the tables of `preparePreferences` and the views of `makeViews` on the connection.
 *
 * @throws InputError when texts hold what must not be published, or nothing is left to train on
 */
export async function prepare(
  store: Store,
  dbPath: string,
  options: PreferenceOptions,
  steps: StepOptions = {},
): Promise<PreferenceCounts> {
  beginStep(steps, "counting votes");
  await store.run(`SET memory_limit = '${MEMORY_LIMIT}'`);
  let counts = await preparePreferences(store, options);
  if (counts.train > 0) {
    beginStep(steps, "looking through the texts");
    await leaveOutPrivate(store, options, steps.signal);
    counts = { ...counts, ...await countPreferences(store) };
  }
  if (counts.train === 0) throw nothingToTrainOn(dbPath, counts);
  await makeViews(store);
  return counts;
}

/** Refuses what must not be published, or takes its pairs away. */
async function leaveOutPrivate(
  store: Store,
  { findings: policy, allowWords }: PreferenceOptions,
  signal?: AbortSignal,
): Promise<void> {
  const findings = await findPrivate(store, allowWords, signal);
  const refusal = refusalOf(
    policy === "refuse" ? findings : findings.filter(({ kind }) => kind === "model"),
  );
  if (refusal) throw refusal;
  if (findings.length === 0) return;
  const ids = (kind: string) => findings.filter((f) => f.kind === kind).map(({ id }) => id);
  await store.run(
    `UPDATE preferences SET dropped = 'private text' WHERE ${PUBLISHED} AND (
       question IN (SELECT unnest(from_json($1::JSON, '["VARCHAR"]')))
       OR id1 IN (SELECT unnest(from_json($2::JSON, '["VARCHAR"]')))
       OR id2 IN (SELECT unnest(from_json($2::JSON, '["VARCHAR"]'))))`,
    [ids("question"), ids("answer")],
  );
}

function nothingToTrainOn(dbPath: string, { dropped, test }: PreferenceCounts): InputError {
  const reasons = Object.entries({ ...dropped, ...(test > 0 ? { "test split": test } : {}) })
    .map(([reason, n]) => `${n} ${reason}`).join(", ");
  const ways = Object.keys(dropped).flatMap((reason) => {
    const remedy = remedyOf(reason);
    return remedy === undefined ? [] : [`${reason}: ${remedy}`];
  });
  return new InputError(
    reasons === ""
      ? `${dbPath} holds no labels yet; label some pairs with: deno task label db=${dbPath}`
      : `No labeled pair of ${dbPath} can be trained on (${reasons}); label more with: deno task label db=${dbPath}` +
        (ways.length > 0 ? `, or ${ways.join("; ")}` : ""),
  );
}
