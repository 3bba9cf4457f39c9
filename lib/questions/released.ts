/**
 * The day on which a question came out, by which a dataset can be split.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { Store } from "@/lib/store/store.ts";

/**
 * The day of a value: a text that begins with one, as days, times and the time stamps of data files do; null where
 * nothing is said.
 * @param place where the value is, for the message
 * @throws InputError for anything else, which could not be told from a day that is not known
 */
export function dayOf(value: unknown, place: string): string | null {
  if (value === null || value === undefined || value === "") return null;
  const text = value instanceof Date ? value.toISOString() : String(value);
  const day = /^(\d{4}-\d\d-\d\d)(?:$|[T ])/.exec(text.trim())?.[1];
  if (day !== undefined) {
    const date = new Date(`${day}T00:00:00Z`);
    if (!Number.isNaN(date.getTime()) && date.toISOString().startsWith(day)) return day;
  }
  throw new InputError(
    `${place}: ${
      JSON.stringify(value)
    } is no day as in 2024-07-01; leave it empty where it is not known.`,
  );
}

/** Writes the days of questions by slug; null takes a day away. */
export async function setReleased(
  store: Store,
  days: ReadonlyMap<string, string | null>,
): Promise<void> {
  await store.run(
    `UPDATE questions SET released = CAST(now.day AS DATE) FROM (
       SELECT unnest(from_json($1::JSON, '["VARCHAR"]')) AS slug, unnest(from_json($2::JSON, '["VARCHAR"]')) AS day
     ) AS now WHERE questions.slug = now.slug AND released IS DISTINCT FROM CAST(now.day AS DATE)`,
    [[...days.keys()], [...days.values()]],
  );
}
