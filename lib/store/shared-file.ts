/**
 * A database file that this process looks at all the time and other processes write too.
 *
 * What is asked for most is kept in memory, in mirrors. Their owner brings them up to date with what it writes itself;
 * that another process wrote is seen in the size and the time of the file and its log.
 *
 * @module
 */
import { type Lease, Leases } from "@/lib/store/leases.ts";
import type { Store } from "@/lib/store/store.ts";
import { BusyError } from "@/lib/store/turn.ts";

/** Something in memory that follows the file. */
export interface Mirror {
  /**
   * Reads what is new.
   * @param whole whether everything has to be read again: at first, and when another file took the place of this one
   */
  refresh(store: Store, whole: boolean): Promise<void>;
}

/** Whether the file can be had, and who holds it otherwise. */
export type FileStatus = { database: "ok" } | { database: "busy"; holder: string };

/** A file with its mirrors. */
export class SharedFile {
  #leases: Leases;
  #mirrors: Mirror[] = [];
  #known: string | undefined;
  #inode: number | null | undefined;
  #writing = false;
  #probe: Promise<void> | undefined;
  #refreshing: PromiseWithResolvers<void> | undefined;

  /** @param path the database, which has to exist */
  constructor(readonly path: string) {
    this.#leases = new Leases(path, {
      busy: () => this.#refreshing?.resolve(),
      checkpoint: async (take) => {
        const upToDate = this.#signature() === this.#known;
        await take();
        // The file is another, what it holds is not.
        if (upToDate) this.#known = this.#signature();
      },
    });
  }

  /** Any work on the database; mirrors notice afterwards what it wrote. */
  get lease(): Lease {
    return this.#leases.lease;
  }

  /** Adds a mirror and reads it for the first time. */
  async keep(mirror: Mirror): Promise<void> {
    await this.lease((store) => mirror.refresh(store, true));
    this.#mirrors.push(mirror);
    this.#known = undefined;
  }

  /**
   * Work that writes, on mirrors that are up to date, and brings them up to date itself before it settles.
   * @throws as {@link Leases.lease}
   */
  write<T>(work: (store: Store) => Promise<T>): Promise<T> {
    return this.lease(async (store) => {
      if (this.#signature() !== this.#known) await this.#refresh(store);
      this.#writing = true;
      this.#known = undefined;
      try {
        const result = await work(store);
        this.#known = this.#signature();
        return result;
      } finally {
        this.#writing = false;
      }
    });
  }

  /** Brings the mirrors up to date, unless another process holds the file for long: then they stay as they are. */
  async fresh(): Promise<void> {
    if (this.#writing || this.#signature() === this.#known) return;
    if (!this.#refreshing) {
      const { promise, resolve, reject } = this.#refreshing = Promise.withResolvers<void>();
      this.lease((store) => this.#refresh(store)).then(
        () => {
          this.#refreshing = undefined;
          resolve();
        },
        (error) => {
          this.#refreshing = undefined;
          if (error instanceof BusyError) resolve();
          else reject(error);
        },
      );
      await promise;
    } else if (this.#leases.holder === undefined) await this.#refreshing.promise;
  }

  /** Whether the file can be had. Where it could not, this tries again in the background. */
  status(): FileStatus {
    const { holder } = this.#leases;
    if (holder === undefined) return { database: "ok" };
    this.#probe ??= this.lease(() => Promise.resolve()).catch(() => {}).finally(() =>
      this.#probe = undefined
    );
    return { database: "busy", holder };
  }

  /** Settles when this process has let go of the file. */
  async close(): Promise<void> {
    await this.#leases.idle();
  }

  async #refresh(store: Store): Promise<void> {
    const { ino } = Deno.statSync(this.path);
    const whole = ino !== this.#inode;
    const seen = this.#signature();
    this.#known = undefined;
    for (const mirror of this.#mirrors) await mirror.refresh(store, whole);
    this.#inode = ino;
    this.#known = seen;
  }

  /** Another text after each transaction that wrote. */
  #signature(): string {
    return [this.path, `${this.path}.wal`].map((file) => {
      try {
        const { ino, size, mtime } = Deno.statSync(file);
        return `${ino}/${size}/${mtime?.getTime()}`;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return "none";
        throw error;
      }
    }).join(" ");
  }
}
