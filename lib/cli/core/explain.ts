/**
 * What a person is told about an error.
 *
 * @module
 */
import { InputError, OperationError } from "@/lib/errors.ts";

/**
 * The text for stderr and the exit code of an error: one sentence where the cause is known, the stack where
 * it is a bug of ours, nothing where there is nobody left to read.
 */
export function explain(error: unknown): { text: string; exitCode: number } {
  if (error instanceof InputError || error instanceof OperationError) {
    return { text: error.message, exitCode: error.exitCode };
  }
  if (error instanceof DOMException && error.name === "AbortError") {
    return { text: "Interrupted; the same command goes on from what is saved.", exitCode: 130 };
  }
  // Whoever reads our output has gone (`… | head`): as a shell tool, end without a word.
  if (error instanceof Deno.errors.BrokenPipe) return { text: "", exitCode: 1 };
  const message = error instanceof Error ? error.message : String(error);
  if (/No space left on device|ENOSPC|os error 28\b/i.test(message)) {
    return {
      text:
        "No space is left on the disk: free some and run the same command again; what was finished is kept. " +
        `(${firstLine(message)})`,
      exitCode: 1,
    };
  }
  if (
    error instanceof Deno.errors.PermissionDenied ||
    /EACCES|os error 13\b|Read-only file system/.test(message)
  ) {
    return { text: `A file may not be read or written: ${firstLine(message)}.`, exitCode: 1 };
  }
  const stack = error instanceof Error ? error.stack ?? message : message;
  return {
    text: `Unexpected error; please report it with the lines below.\n${stack}`,
    exitCode: 1,
  };
}

function firstLine(text: string): string {
  return text.split("\n")[0].replace(/\.$/, "");
}
