/**
 * JSON Lines files, also compressed by gzip, read one line at a time.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";

/** Lines of a text file with their numbers (from 1), without line ends; empty lines are passed over. */
async function* textLines(path: string): AsyncGenerator<{ line: number; text: string }> {
  // Not node:readline, which also splits at U+2028, a legal character inside a JSON string.
  using file = await Deno.open(path);
  let rest = "";
  let line = 0;
  const bytes = path.endsWith(".gz")
    ? file.readable.pipeThrough(new DecompressionStream("gzip"))
    : file.readable;
  for await (const piece of bytes.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + piece).split("\n");
    rest = parts.pop()!;
    for (const text of parts) {
      line++;
      if (text.trim() !== "") yield { line, text };
    }
  }
  if (rest.trim() !== "") yield { line: line + 1, text: rest };
}

/** The objects of a JSON Lines file with their line numbers, from 1.
 *
 * @throws InputError naming the line that is no JSON object, or the file when it is missing
 */
export async function* jsonLines(
  path: string,
): AsyncGenerator<{ line: number; value: Record<string, unknown> }> {
  try {
    for await (const { line, text } of textLines(path)) {
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch (error) {
        throw new InputError(`${path} line ${line} is not JSON: ${(error as Error).message}.`);
      }
      if (typeof value !== "object" || value === null || Array.isArray(value)) {
        throw new InputError(`${path} line ${line} has to be a JSON object like {"prompt": …}.`);
      }
      yield { line, value: value as Record<string, unknown> };
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new InputError(`There is no file ${path}.`);
    if (path.endsWith(".gz") && error instanceof TypeError) {
      throw new InputError(`${path} is broken: ${error.message}.`);
    }
    throw error;
  }
}
