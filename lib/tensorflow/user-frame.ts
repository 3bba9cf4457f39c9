/**
 * The line of the user's code that an error is about.
 *
 * @module
 */

const OURS = new URL("./", import.meta.url).href;
/** Frames of tfjs, wherever it is installed, and of the runtime. */
const LIBRARIES = /\/@tensorflow\/|\/node_modules\/|^(ext|node|native|deno):|^<anonymous>/;

/** `step.ts:12:5` with its path, of the innermost frame outside this library and tfjs; undefined if there is none. */
export function userFrame(): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 200;
  const stack = new Error().stack ?? "";
  Error.stackTraceLimit = limit;
  for (const line of stack.split("\n").slice(1)) {
    const place = /\(?(\S+:\d+:\d+)\)?$/.exec(line.replace(/^\s*at (async )?/, ""))?.[1];
    if (place && !place.startsWith(OURS) && !LIBRARIES.test(place)) {
      return decodeURI(place.replace(/^file:\/\//, ""));
    }
  }
  return undefined;
}

/** ` (at /home/me/step.ts:12:5)`, or nothing where the place is not known. */
export function atUserFrame(): string {
  const frame = userFrame();
  return frame ? ` (at ${frame})` : "";
}
