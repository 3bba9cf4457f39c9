import type { Middleware } from "./define.ts";

/** Serves the files of the static folder and the bundled islands. */
export const staticFiles = <State>(): Middleware<State> => async (ctx) =>
  await ctx.build?.file(ctx.url) ?? ctx.next();
