/**
 * Where labels lie until the server has them.
 *
 * @module
 */
import { createStore, get, update } from "idb-keyval";
import type { Sent } from "@/lib/web/client.ts";

/** A label that the server has not confirmed. */
export interface Unsent {
  label: Sent;
  /** What the question is called, for people. */
  title: string;
  /** The server's sentence where it will not take the label; null while it may still be taken. */
  refused: string | null;
}

/** A list that outlives the page. */
export interface Shelf {
  /** Whether it really does. */
  readonly lasting: boolean;
  read(): Promise<Unsent[]>;
  /** Replaces the list by what `change` makes of it, with nobody in between. */
  change(change: (list: Unsent[]) => Unsent[]): Promise<void>;
}

/** The labeler's list in this browser's IndexedDB; in memory where the browser offers none. */
export async function openShelf(labeler: string): Promise<Shelf> {
  try {
    const store = createStore("codepref", "outbox");
    const read = async () => await get<Unsent[]>(labeler, store) ?? [];
    await read();
    return {
      lasting: true,
      read,
      change: (change) => update<Unsent[]>(labeler, (list) => change(list ?? []), store),
    };
  } catch {
    return memoryShelf();
  }
}

/** A list that ends with the page. */
export function memoryShelf(): Shelf {
  let list: Unsent[] = [];
  return {
    lasting: false,
    read: () => Promise.resolve(list),
    change: (change) => {
      list = change(list);
      return Promise.resolve();
    },
  };
}
