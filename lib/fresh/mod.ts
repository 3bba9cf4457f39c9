/**
 * A stand-in for `@fresh/core` 2.3.3 where JSR cannot be reached: the part of its public API that this app
 * uses, with the same behaviour. Take the link out of deno.json to run on the real one.
 *
 * @module
 */
export { App } from "./app.ts";
export { Context } from "./context.ts";
export { csp } from "./csp.ts";
export { csrf } from "./csrf.ts";
export { staticFiles } from "./static-files.ts";
export * from "./define.ts";
