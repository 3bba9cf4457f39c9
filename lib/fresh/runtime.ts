/** Whether this code runs in a browser. */
export const IS_BROWSER = typeof document !== "undefined";

/** Names this run of the server in the addresses of its files, so that browsers may keep them. */
export const BUILD_ID: string = IS_BROWSER ? "" : crypto.randomUUID();

/** The address of a static file, with this build's name in it; for use on the server. */
export const asset = (path: string): string => `${path}?__frsh_c=${BUILD_ID}`;
