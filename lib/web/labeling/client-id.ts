/**
 * A new random name for a decision. `crypto.randomUUID` would do, but browsers have it on https and loopback
 * addresses only.
 */
export function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
