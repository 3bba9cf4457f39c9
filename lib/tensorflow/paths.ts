import { fileURLToPath } from "node:url";

/** A file URL as a path without a slash at its end. */
export const fromFileUrl = (url: URL): string => fileURLToPath(url).replace(/\/$/, "");
