/**
 * Telling of every operation that runs.
 *
 * @module
 */
import { TensorflowError } from "./library.ts";

/** Is told of every operation that has run. */
export type Observer = (
  op: string,
  milliseconds: number,
  outputBytes: number,
  inputs: string,
) => void;

/** One observer at most. */
export class Observing {
  private current: Observer | null = null;

  /** @param tracing whether operations are recorded instead of run */
  constructor(private readonly tracing: () => boolean) {}

  get observer(): Observer | null {
    return this.current;
  }

  /** Runs `body` and tells `observer` of every operation that it runs. */
  during<T>(observer: Observer, body: () => T): T {
    this.start(observer);
    try {
      return body();
    } finally {
      this.current = null;
    }
  }

  /** The same until the promise of `body` settles. */
  async duringAsync<T>(observer: Observer, body: () => Promise<T>): Promise<T> {
    this.start(observer);
    try {
      return await body();
    } finally {
      this.current = null;
    }
  }

  private start(observer: Observer): void {
    if (this.tracing() || this.current) {
      throw new TensorflowError(
        `operations cannot be timed ${
          this.tracing() ? "while a function is traced" : "twice at once"
        }`,
      );
    }
    this.current = observer;
  }
}
