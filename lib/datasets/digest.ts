/**
 * Digests of files, of sets of files and of prompts.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";

/** SHA-256 of a file's bytes, hexadecimal. */
export async function fileDigest(path: string): Promise<string> {
  using file = await Deno.open(path);
  const hash = createHash("sha256");
  for await (const piece of file.readable) hash.update(piece);
  return hash.digest("hex");
}

/** SHA-256 over names and bytes of `files`, which are relative to `folder`; their order does not matter. */
export async function filesDigest(folder: string, files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const name of [...files].sort()) {
    hash.update(`${await fileDigest(join(folder, name))}  ${name}\n`);
  }
  return hash.digest("hex");
}

/** Short name of a prompt, for sets of more prompts than memory should hold: 132 bits of its SHA-256. */
export const promptKey = (prompt: string): string =>
  createHash("sha256").update(prompt).digest("base64url").slice(0, 22);
