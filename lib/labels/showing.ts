/**
 * Which version of a pair stands on which side.
 *
 * The order is random over labelers and pairs but needs no memory: it is drawn from a keyed digest, so that a
 * page that is opened again shows the same, and nobody without the secret can tell which side is version 1.
 *
 * @module
 */
import { createHmac } from "node:crypto";

/** `12`: version 1 is on the left; `21`: version 2 is. As in the column `labels.side_order`. */
export type SideOrder = "12" | "21";
/** A verdict as a labeler gives it: `a` is the left side, `b` the right one. */
export type SideVerdict = "a" | "b" | "same" | "both_bad";
/** A verdict as it is stored, whatever the sides were. */
export type VersionVerdict = "version1" | "version2" | "same" | "both_bad";

/** The number of the only showing there is until pairs are shown again. */
export const FIRST_SHOWING = 1;

/**
 * The side order of one showing of a pair to a labeler. Every second showing swaps the sides.
 * @param showing 1 for the first time that the labeler sees the pair
 */
export function sideOrder(
  secret: string,
  labeler: string,
  pair: string,
  showing: number,
): SideOrder {
  const digest = createHmac("sha256", secret).update(JSON.stringify(["side", labeler, pair]))
    .digest();
  return ((digest[0] + showing) & 1) === 0 ? "12" : "21";
}

/** What a verdict about sides says about versions. */
export function toVersions(verdict: SideVerdict, order: SideOrder): VersionVerdict {
  if (verdict === "same" || verdict === "both_bad") return verdict;
  return (verdict === "a") === (order === "12") ? "version1" : "version2";
}

/** What a stored verdict says about the sides of a showing. */
export function toSides(verdict: VersionVerdict, order: SideOrder): SideVerdict {
  if (verdict === "same" || verdict === "both_bad") return verdict;
  return (verdict === "version1") === (order === "12") ? "a" : "b";
}

/** A name for a side's code that tells nothing about the model or the version. */
export function opaqueId(secret: string, generation: string): string {
  return createHmac("sha256", secret).update(JSON.stringify(["side id", generation])).digest("hex")
    .slice(0, 16);
}
