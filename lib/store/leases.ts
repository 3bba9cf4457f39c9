/**
 * Work of many requests on short leases of one database file.
 *
 * Opening the file costs tens of milliseconds, so work that arrives while a lease is open joins it. A lease ends soon
 * after the last work, after a while in any case, and early where another process waits.
 *
 * @module
 */
import { openStore, requireDatabase, type Store } from "@/lib/store/store.ts";
import { BusyError, holderOf, takeTurn, type Turn } from "@/lib/store/turn.ts";

/** Runs `work` on the database, one piece of work at a time. */
export type Lease = <T>(work: (store: Store) => Promise<T>) => Promise<T>;

/** How long a lease may last while nobody waits for its end, and while somebody does. */
const LONGEST_MS = 3000, SHORTEST_MS = 50;
/** How long a lease goes on without work. */
const LINGER_MS = 25;
/** How long the file is let go of where others wait, or might: programs outside the queue look again and again. */
const GAP_MS = 20;
/** How long work waits for the file before it fails. */
const WAIT_SECONDS = 5;
/** How long it waits before the file counts as busy. */
const BUSY_MS = 1000;
/**
 * Bytes of the write-ahead log from which it is taken into the file: whoever opens the file next replays it, at about
 * 25 ms per 150 kB. While there is work, that has to be worth a pause.
 */
const LARGE_LOG = 128 * 1024, HUGE_LOG = 256 * 1024;

interface Work {
  run: (store: Store) => Promise<void>;
  fail: (error: unknown) => void;
}

/** What the owner of leases wants to know. */
export interface LeaseEvents {
  /** The file turned out to be held by somebody else. */
  busy(): void;
  /** The log is about to be taken into the file; the hook has to do it. */
  checkpoint(take: () => Promise<void>): Promise<void>;
}

/** Leases on one file, which has to exist. */
export class Leases {
  #waiting: Work[] = [];
  #serving: Promise<void> | undefined;
  #arrived: (() => void) | undefined;
  #holder: string | undefined;

  constructor(readonly path: string, private readonly events: LeaseEvents) {}

  /** Who holds the file, since it could not be had; undefined while all is well. */
  get holder(): string | undefined {
    return this.#holder;
  }

  /**
   * Runs `work`.
   * @throws what `work` throws, InputError where there is no such file, BusyError where it cannot be had
   */
  readonly lease: Lease = <T>(work: (store: Store) => Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      this.#waiting.push({ run: (store) => work(store).then(resolve, reject), fail: reject });
      this.#arrived?.();
      this.#serving ??= this.#serve();
    });

  /** Settles when there is no lease open. */
  async idle(): Promise<void> {
    while (this.#serving) await this.#serving;
  }

  async #serve(): Promise<void> {
    while (this.#waiting.length > 0) {
      try {
        const crowded = await this.#oneLease();
        if (crowded) await new Promise((resolve) => setTimeout(resolve, GAP_MS));
      } catch (error) {
        if (error instanceof BusyError) this.#setBusy(error.holder);
        for (const { fail } of this.#waiting.splice(0)) fail(error);
      }
    }
    // In the same step as the look at what waits, so that nothing is left waiting.
    this.#serving = undefined;
  }

  /** @returns whether it ended although there was more to do, or somebody waited */
  async #oneLease(): Promise<boolean> {
    await requireDatabase(this.path);
    const deadline = performance.now() + WAIT_SECONDS * 1000;
    const busy = setTimeout(() => this.#setBusy(holderOf(this.path)), BUSY_MS);
    let turn: Turn | undefined;
    try {
      turn = await takeTurn(this.path, WAIT_SECONDS);
      const { store, close } = await openStore(this.path, deadline);
      clearTimeout(busy);
      this.#holder = undefined;
      try {
        // The other cores have requests to answer.
        await store.run("SET threads = 1");
        return await this.#work(store, turn);
      } finally {
        close();
      }
    } finally {
      clearTimeout(busy);
      turn?.end();
    }
  }

  async #work(store: Store, turn: Turn): Promise<boolean> {
    const start = performance.now();
    do {
      while (this.#waiting.length > 0) {
        await this.#waiting.shift()!.run(store);
        const elapsed = performance.now() - start;
        if (elapsed > LONGEST_MS || (elapsed > SHORTEST_MS && turn.othersWait())) {
          await this.#checkpoint(store, HUGE_LOG);
          return true;
        }
      }
    } while (!turn.othersWait() && await this.#moreArrives());
    await this.#checkpoint(store, LARGE_LOG);
    return turn.othersWait();
  }

  async #checkpoint(store: Store, from: number): Promise<void> {
    if (logSize(this.path) > from) {
      await this.events.checkpoint(() => store.run("CHECKPOINT"));
    }
  }

  #moreArrives(): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (more: boolean) => {
        clearTimeout(timer);
        this.#arrived = undefined;
        resolve(more);
      };
      const timer = setTimeout(() => settle(false), LINGER_MS);
      this.#arrived = () => settle(true);
    });
  }

  #setBusy(holder: string): void {
    this.#holder = holder;
    this.events.busy();
  }
}

function logSize(path: string): number {
  try {
    return Deno.statSync(`${path}.wal`).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
