/**
 * Names of people who label.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { TESTS_LABELER } from "@/lib/labels/automatic.ts";
import { REFERENCE_LABELER } from "@/lib/labels/synthetic.ts";
import type { Store } from "@/lib/store/store.ts";

/** Names that a program labels under, whether it has done so already or not. */
const AUTOMATIC = new Set([TESTS_LABELER, REFERENCE_LABELER]);
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}$/u;

/**
 * The name as it is stored.
 * @throws InputError for one that cannot be used
 */
export async function labelerName(store: Store, name: string): Promise<string> {
  const labeler = name.normalize("NFC").trim();
  if (!NAME.test(labeler)) {
    throw new InputError(
      "A labeler's name is 1 to 64 letters, digits, spaces or . _ @ - and begins with a letter or digit.",
    );
  }
  const taken = await store.row<{ kind: string }>(
    `SELECT kind FROM labelers WHERE name = $1
     UNION ALL SELECT labeler_kind FROM labels WHERE labeler = $1 LIMIT 1`,
    [labeler],
  );
  if (AUTOMATIC.has(labeler.toLowerCase()) || (taken && taken.kind !== "human")) {
    throw new InputError(`${labeler} labels automatically; choose another name.`);
  }
  return labeler;
}
