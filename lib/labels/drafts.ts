/**
 * Pairs that were made at a labeler's request and are not saved yet: nobody else is shown them, and nothing counts them.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { InputError } from "@/lib/errors.ts";
import type { PairCodes } from "@/lib/labels/contents.ts";
import { FIRST_SHOWING, keyedShare, sideOrder } from "@/lib/labels/showing.ts";
import type { Store } from "@/lib/store/store.ts";

/** A pair by its two generations, as they stood on the sides while they were written. */
export interface NewDraft {
  slug: string;
  left: string;
  right: string;
}

/**
 * Keeps a pair for its labeler.
 *
 * Which of the two is version 1 is drawn by lot. The id is drawn until the labeler's side order, which depends on it,
 * is the one that the labeler has seen.
 * @returns the pair's id
 */
export async function keepDraft(
  store: Store,
  secret: string,
  labeler: string,
  { slug, left, right }: NewDraft,
): Promise<string> {
  const isLeftFirst = keyedShare(secret, ["draft", left, right]) < 0.5;
  const [version1, version2] = isLeftFirst ? [left, right] : [right, left];
  const wanted = isLeftFirst ? "12" : "21";
  let id: string, tries = 0;
  do {
    id = createHash("sha256").update(`${version1} ${version2} ${tries++}`).digest("hex")
      .slice(0, 32);
  } while (sideOrder(secret, labeler, id, FIRST_SHOWING) !== wanted);
  await store.insert("draft_pairs", [{ id, slug, version1, version2, labeler }], "DO NOTHING");
  return id;
}

/** The texts of a labeler's draft. */
export function readDraft(
  store: Store,
  labeler: string,
  id: string,
): Promise<PairCodes | undefined> {
  return store.row<PairCodes>(
    `SELECT p.slug, g1.id AS id1, g1.code AS code1, g2.id AS id2, g2.code AS code2
     FROM draft_pairs p
     JOIN generations g1 ON g1.id = p.version1 JOIN generations g2 ON g2.id = p.version2
     WHERE p.id = $1 AND p.labeler = $2`,
    [id, labeler],
  );
}

/**
 * Makes a draft a pair like the others; one that is saved already stays so.
 * @throws InputError when this labeler has no such draft
 */
export async function saveDraft(store: Store, labeler: string, id: string): Promise<void> {
  await store.transaction(async () => {
    const row = await store.row<{ slug: string; version1: string; version2: string }>(
      "DELETE FROM draft_pairs WHERE id = $1 AND labeler = $2 RETURNING slug, version1, version2",
      [id, labeler],
    );
    if (row) await store.insert("pairs", [{ id, ...row, kind: "generated" }], "DO NOTHING");
    else if (!await store.row("SELECT 1 FROM pairs WHERE id = $1", [id])) {
      throw new InputError(`You have no unsaved pair ${id}; POST /api/generate makes one.`);
    }
  });
}
