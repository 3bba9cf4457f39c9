/**
 * Labels on their way to the server. A label is put on a lasting list first, sent in its turn, and taken from the
 * list once the server has confirmed it; the server knows repeats by their `client_id`.
 *
 * @module
 */
import { signal } from "@preact/signals";
import type { Sent } from "@/lib/web/client.ts";
import { Refusal } from "@/lib/web/refusal.ts";
import type { Shelf, Unsent } from "@/lib/web/labeling/shelf.ts";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** How the outbox reaches the server and lets time pass. */
export interface OutboxOptions {
  /** @throws Refusal when the server answers and does not take the label; Error when it does not answer */
  send(label: Sent): Promise<void>;
  /** Called after the server has confirmed a label. */
  onStored?(label: Sent): void;
  /** Calls `work` after a while; returns what calls it off. */
  later?(work: () => void, milliseconds: number): () => void;
  /** Runs `work` while no other page of this browser does. */
  alone?(work: () => Promise<void>): Promise<void>;
}

/** What the page shows of the outbox. */
export interface OutboxState {
  /** Labels that will be sent, the oldest first. */
  waiting: Unsent[];
  /** Labels that the server will not take. */
  refused: Unsent[];
  /** Why the waiting ones wait; null: they are on their way. */
  trouble: string | null;
}

/** The labels of one labeler that the server does not have yet. */
export class Outbox {
  readonly state = signal<OutboxState>({ waiting: [], refused: [], trouble: null });
  #shelf: Shelf;
  #options: Required<OutboxOptions>;
  #failures = 0;
  #sending = false;
  #callOff: () => void = () => {};
  #closed = false;

  constructor(shelf: Shelf, options: OutboxOptions) {
    this.#shelf = shelf;
    this.#options = { onStored: () => {}, later, alone: (work) => work(), ...options };
  }

  /** Keeps a label and begins to send. Settles when the label is kept, not when it is sent. */
  async add(label: Sent, title: string): Promise<void> {
    await this.#shelf.change((list) => [...list, { label, title, refused: null }]);
    await this.#show();
    this.flush();
  }

  /** Sends what waits, now: at the start, and when the network is back. */
  async flush(): Promise<void> {
    if (this.#sending || this.#closed) return;
    this.#sending = true;
    this.#callOff();
    try {
      await this.#options.alone(() => this.#sendAll());
    } finally {
      this.#sending = false;
    }
    // A label that came while the last answer was read.
    const { waiting, trouble } = this.state.value;
    if (waiting.length > 0 && trouble === null) await this.flush();
  }

  /** Sends a refused label once more. */
  async retry(clientId: string): Promise<void> {
    await this.#shelf.change((list) =>
      list.map((entry) => entry.label.client_id === clientId ? { ...entry, refused: null } : entry)
    );
    await this.#show();
    await this.flush();
  }

  /** Throws a refused label away. */
  async discard(clientId: string): Promise<void> {
    await this.#drop(clientId);
    await this.#show();
  }

  /** Sends nothing any more. */
  close(): void {
    this.#closed = true;
    this.#callOff();
  }

  async #sendAll(): Promise<void> {
    while (!this.#closed) {
      const first = (await this.#shelf.read()).find(({ refused }) => refused === null);
      if (!first) return await this.#show();
      const { label } = first;
      try {
        await this.#options.send(label);
      } catch (error) {
        const { message } = error as Error;
        if (error instanceof Refusal && error.final) {
          await this.#shelf.change((list) =>
            list.map((entry) =>
              entry.label.client_id === label.client_id ? { ...entry, refused: message } : entry
            )
          );
          await this.#show();
          continue;
        }
        const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++);
        this.#callOff = this.#options.later(() => this.flush(), pause);
        return await this.#show(message);
      }
      this.#failures = 0;
      await this.#drop(label.client_id);
      await this.#show();
      this.#options.onStored(label);
    }
  }

  #drop(clientId: string): Promise<void> {
    return this.#shelf.change((list) => list.filter(({ label }) => label.client_id !== clientId));
  }

  async #show(trouble: string | null = null): Promise<void> {
    const list = await this.#shelf.read();
    this.state.value = {
      waiting: list.filter(({ refused }) => refused === null),
      refused: list.filter(({ refused }) => refused !== null),
      trouble,
    };
  }
}

function later(work: () => void, milliseconds: number): () => void {
  const timer = setTimeout(work, milliseconds);
  return () => clearTimeout(timer);
}
