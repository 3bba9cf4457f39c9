/**
 * The queue in front of a database file: who may open it next.
 *
 * Two lock files stand beside the database. The first is held by whoever has the turn; who waits for it holds a share
 * of the second, so that the holder can see that somebody waits.
 *
 * @module
 */
import { basename } from "node:path";
import { OperationError } from "@/lib/errors.ts";

/** Somebody else holds the database; what was asked for has not been done. */
export class BusyError extends OperationError {
  override name = "BusyError";
  /** @param holder the program that holds the file, as far as it is known, with its process number */
  constructor(message: string, readonly holder: string) {
    super(message);
  }
}

/** The right to open the database. */
export interface Turn {
  /** Whether somebody waits for the turn. */
  othersWait(): boolean;
  /** Passes the turn on. */
  end(): void;
}

/** The files beside a database that belong to its queue. */
export function queueFiles(path: string): string[] {
  return [`${path}.lock`, `${path}.waiting`];
}

/**
 * Waits for the turn.
 * @throws BusyError when it has not come after `waitSeconds`
 */
export async function takeTurn(path: string, waitSeconds: number): Promise<Turn> {
  const [lock, waiting] = queueFiles(path);
  const queue = await Deno.open(lock, { create: true, write: true });
  try {
    if (!await queue.tryLock(true)) await wait(queue, waiting, path, waitSeconds);
  } catch (error) {
    // A turn that came too late closes the file itself.
    if (!(error instanceof BusyError)) queue.close();
    throw error;
  }
  signIn(queue);
  return {
    othersWait() {
      using file = Deno.openSync(waiting, { create: true, write: true });
      return !file.tryLockSync(true);
    },
    end: () => queue.close(),
  };
}

async function wait(
  queue: Deno.FsFile,
  waiting: string,
  path: string,
  waitSeconds: number,
): Promise<void> {
  const mark = await Deno.open(waiting, { create: true, write: true });
  await mark.lock(false);
  const turn = queue.lock(true);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), waitSeconds * 1000);
  });
  try {
    if (await Promise.race([turn, late]) !== "late") return;
  } finally {
    clearTimeout(timer);
    mark.close();
  }
  // The turn still comes; it is passed on at once.
  turn.then(() => queue.close());
  const holder = holderOf(path);
  throw new BusyError(
    `${path} has been in use by another codepref process (${holder}) for ${waitSeconds} s; wait for it or stop it, ` +
      "and try again.",
    holder,
  );
}

/** Leaves a note about this process for those who wait. */
function signIn(queue: Deno.FsFile): void {
  queue.truncateSync(0);
  queue.seekSync(0, Deno.SeekMode.Start);
  queue.writeSync(new TextEncoder().encode(`${basename(Deno.mainModule)}, PID ${Deno.pid}`));
}

/** Who has the turn, as noted by {@link takeTurn}; of use only while somebody has it. */
export function holderOf(path: string): string {
  try {
    return Deno.readTextFileSync(queueFiles(path)[0]).slice(0, 200) || "unknown";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "unknown";
    throw error;
  }
}
