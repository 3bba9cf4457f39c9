/** Runs a script in a process of its own, for what a whole process shows: memory, settings. */
import assert from "node:assert/strict";
import { fromFileUrl } from "@/lib/tensorflow/paths.ts";

/**
 * The JSON that the script prints.
 * @param script of this folder by its name, of another by its URL
 */
export async function runProcess(script: string, args: string[], flags: string[] = []) {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", ...flags, fromFileUrl(new URL(script, import.meta.url)), ...args],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.ok(success, text(stderr));
  return JSON.parse(text(stdout).trim().split("\n").at(-1)!);
}
