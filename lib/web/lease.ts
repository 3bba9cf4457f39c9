/**
 * Requests that share short leases on the database file.
 *
 * Opening the file costs tens of milliseconds, so work that arrives while a lease is open joins it. A lease ends
 * when nothing waits or after a moment, so that other processes get their turn.
 *
 * @module
 */
import { type Store, withStore } from "@/lib/store/store.ts";

/** Runs `work` on the database, one piece of work at a time. */
export type Lease = <T>(work: (store: Store) => Promise<T>) => Promise<T>;

const LONGEST_MS = 100;
/** How long a request waits while another program holds the file. */
const WAIT_SECONDS = 5;

/**
 * Leases on the file at `path`, which has to exist.
 * @returns a function that throws what `work` throws, and what `withStore` throws where the file cannot be had
 */
export function sharedLease(path: string): Lease {
  const waiting: { run: (store: Store) => Promise<void>; fail: (error: unknown) => void }[] = [];
  let busy = false;

  const serve = async () => {
    busy = true;
    while (waiting.length > 0) {
      try {
        await withStore(path, async (store) => {
          const end = performance.now() + LONGEST_MS;
          while (waiting.length > 0 && performance.now() < end) await waiting.shift()!.run(store);
        }, { create: false, waitSeconds: WAIT_SECONDS });
      } catch (error) {
        for (const { fail } of waiting.splice(0)) fail(error);
      }
    }
    busy = false;
  };

  return <T>(work: (store: Store) => Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      waiting.push({ run: (store) => work(store).then(resolve, reject), fail: reject });
      if (!busy) serve();
    });
}
