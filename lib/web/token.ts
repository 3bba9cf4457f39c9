/**
 * The start token: who has seen the terminal may come in.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";

/** Whether the given text is the token, in a time that tells nothing about it. */
export function isToken(given: string | null | undefined, token: string): boolean {
  if (!given) return false;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

/** The token in the request's `Authorization: Bearer …` header or its address. */
export function tokenOf(req: Request): string | null {
  const header = req.headers.get("Authorization")?.match(/^(?:Bearer|token)\s+(\S+)$/i);
  return header?.[1] ?? new URL(req.url).searchParams.get("token");
}
