/**
 * tfjs-node's JavaScript calls `util.isNullOrUndefined` and `util.isArray`, which Node removed in version 23
 * and Deno never had. They must be there before it is loaded.
 *
 * @module
 */
import { createRequire } from "node:module";

const util = createRequire(import.meta.url)("node:util");
util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
util.isArray ??= Array.isArray;
