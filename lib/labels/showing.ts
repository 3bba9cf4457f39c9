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
/** A verdict on one criterion, as a labeler gives it; null: not answered. */
export type CriterionVerdict = "a" | "b" | "same" | "cannot_judge" | null;
/** A verdict on one criterion, as it is stored. */
export type VersionCriterion = "version1" | "version2" | "same" | "cannot_judge" | null;

/** Numbers of showings: few pairs are shown a second time, with the sides swapped. */
export const FIRST_SHOWING = 1, SECOND_SHOWING = 2;

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

/** What a verdict about sides says about versions. Verdicts that name no side stay as they are. */
export function toVersions<Other extends string | null>(
  verdict: "a" | "b" | Other,
  order: SideOrder,
): "version1" | "version2" | Other {
  if (verdict !== "a" && verdict !== "b") return verdict as Other;
  return (verdict === "a") === (order === "12") ? "version1" : "version2";
}

/** What a stored verdict says about the sides of a showing. */
export function toSides<Other extends string | null>(
  verdict: "version1" | "version2" | Other,
  order: SideOrder,
): "a" | "b" | Other {
  if (verdict !== "version1" && verdict !== "version2") return verdict as Other;
  return (verdict === "version1") === (order === "12") ? "a" : "b";
}

/** A name for a side's code that tells nothing about the model or the version. */
export function opaqueId(secret: string, generation: string): string {
  return createHmac("sha256", secret).update(JSON.stringify(["side id", generation])).digest("hex")
    .slice(0, 16);
}

/** A number from 0 to 1 (exclusive) that looks drawn at random and is the same whenever it is drawn for `what`. */
export function keyedShare(secret: string, what: readonly string[]): number {
  return createHmac("sha256", secret).update(JSON.stringify(what)).digest().readUInt32BE() /
    2 ** 32;
}
