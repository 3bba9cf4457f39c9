/**
 * A label as it comes over the network.
 *
 * @module
 */
import { HttpError } from "fresh";
import type { LabelRequest } from "@/lib/labels/save.ts";
import type { SideVerdict } from "@/lib/labels/showing.ts";
import { textField } from "@/lib/web/body.ts";

const LONGEST_NOTE = 2000;
const CRITERION = ["a", "b", "same", "cannot_judge", null] as const;

/**
 * Checks every field.
 * @throws HttpError 400 with the field and what it may hold
 */
export function labelRequest(body: Record<string, unknown>): LabelRequest {
  const action = oneOf(body.action ?? "label", "action", ["label", "skip", "undo"]);
  const client_id = textField(body, "client_id", 64);
  if (!/^[A-Za-z0-9_-]{8,64}$/.test(client_id)) {
    throw new HttpError(
      400,
      "client_id has to be 8 to 64 letters, digits, - or _: a random UUID will do.",
    );
  }
  const showing = body.showing;
  if (!Number.isInteger(showing)) {
    throw new HttpError(400, "showing has to be the number from GET /api/next.");
  }
  return {
    client_id,
    pair: textField(body, "pair", 64),
    showing: showing as number,
    action,
    preference: action === "label"
      ? sidePreference(body.preference)
      : oneOf(body.preference ?? null, `preference of ${action}`, [null]),
    correctness: oneOf(body.correctness ?? null, "correctness", CRITERION),
    performance: oneOf(body.performance ?? null, "performance", CRITERION),
    readability: oneOf(body.readability ?? null, "readability", CRITERION),
    reason: optionalText(body, "reason"),
    note: optionalText(body, "note"),
    active_ms: duration(body, "active_ms"),
    wall_ms: duration(body, "wall_ms"),
    revealed: revealed(body.revealed ?? []),
  };
}

/**
 * An overall preference.
 * @throws HttpError 400 for anything else
 */
export function sidePreference(value: unknown): SideVerdict {
  return oneOf(value, "preference", ["a", "b", "same", "both_bad"]);
}

function oneOf<const T>(value: unknown, name: string, allowed: readonly T[]): T {
  if (allowed.includes(value as T)) return value as T;
  throw new HttpError(
    400,
    `${name} has to be one of ${allowed.map((v) => JSON.stringify(v)).join(", ")}.`,
  );
}

function optionalText(body: Record<string, unknown>, name: string): string | null {
  return body[name] === undefined || body[name] === null
    ? null
    : textField(body, name, LONGEST_NOTE);
}

function duration(body: Record<string, unknown>, name: string): number {
  const value = body[name] ?? 0;
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new HttpError(400, `${name} has to be a number of milliseconds.`);
}

function revealed(value: unknown): string[] {
  const known = ["tests", "models"];
  if (Array.isArray(value) && value.every((item) => known.includes(item))) {
    return [...new Set(value)];
  }
  throw new HttpError(400, `revealed has to be a list of ${known.join(", ")}.`);
}
