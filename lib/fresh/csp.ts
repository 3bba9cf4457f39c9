import { nonceOf } from "./context.ts";
import type { Middleware } from "./define.ts";

const DEFAULTS =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; " +
  "font-src 'self'; img-src 'self' data:; media-src 'self' data: blob:; worker-src 'self' blob:; " +
  "connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; " +
  "frame-ancestors 'none'; upgrade-insecure-requests";

/** Sets the Content-Security-Policy header; with `useNonce`, a page's nonce replaces 'unsafe-inline'. */
export function csp<State>(options: { csp?: string[]; useNonce?: boolean }): Middleware<State> {
  const all = [...DEFAULTS.split("; "), ...options.csp ?? []];
  const policy = [...new Map(all.map((d) => [d.split(" ")[0], d])).values()].join("; ");
  return async (ctx) => {
    const response = await ctx.next();
    const nonce = options.useNonce && nonceOf(response);
    const value = nonce ? policy.replaceAll("'unsafe-inline'", `'nonce-${nonce}'`) : policy;
    response.headers.set("Content-Security-Policy", value);
    return response;
  };
}
