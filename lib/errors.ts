/**
 * Errors that carry a message for the person at the keyboard. The command line prints the message alone
 * (one sentence: what is wrong, where, how to mend it) and exits with the code; every other error is a bug
 * and is shown with its stack.
 *
 * @module
 */

/** Wrong usage or input: exit code 2. */
export class InputError extends Error {
  readonly exitCode = 2;
  override name = "InputError";
}

/** Right usage, but the work could not be done (no space, port in use, a tool is missing): exit code 1. */
export class OperationError extends Error {
  readonly exitCode = 1;
  override name = "OperationError";
}
