import { HttpError, type Middleware } from "./define.ts";

/** Refuses unsafe requests that a browser sends from another origin, with status 403. */
export const csrf = <State>(): Middleware<State> => (ctx) => {
  const site = ctx.req.headers.get("Sec-Fetch-Site");
  const origin = ctx.req.headers.get("Origin");
  const safe = ["GET", "HEAD", "OPTIONS"].includes(ctx.req.method);
  const own = site === null ? origin === null : site === "same-origin" || site === "none";
  if (safe || own || origin === ctx.url.origin) return ctx.next();
  throw new HttpError(403);
};
