/**
 * What changes while a cell runs.
 *
 * @module
 */
import { code, markdown, Place } from "@/lib/notebooks/display.ts";
import type { OnProgress } from "@/lib/progress.ts";

type Displayable = Deno.jupyter.Displayable;

/** Shows the newest of what it is given, some times a second at most, so that the notebook stays responsive. */
export class Live {
  readonly #place = new Place();
  #newest?: () => Displayable;
  #showing: Promise<void> = Promise.resolve();
  #next = 0;

  constructor(readonly intervalMilliseconds = 250) {}

  /** `what` is called when it is shown; one that is overtaken never is. */
  update(what: () => Displayable): void {
    const waiting = this.#newest !== undefined;
    this.#newest = what;
    if (waiting) return;
    const pause = Math.max(0, this.#next - performance.now());
    this.#showing = this.#showing
      .then(() => new Promise((resolve) => setTimeout(resolve, pause)))
      .then(() => this.#show());
  }

  /** Shows the newest. @throws what showing threw */
  async done(): Promise<void> {
    await this.#showing;
    await this.#show();
  }

  async #show(): Promise<void> {
    const what = this.#newest;
    this.#newest = undefined;
    if (!what) return;
    await this.#place.show(what());
    this.#next = performance.now() + this.intervalMilliseconds;
  }
}

/** The last lines of several texts that grow at the same time. */
export class LiveTexts {
  readonly #live = new Live();
  readonly #texts = new Map<string, string>();

  /** @param lines how many lines of each text are shown */
  constructor(readonly lines = 6) {}

  /** Adds to the text of this name. */
  add(name: string, delta: string): void {
    this.#texts.set(name, (this.#texts.get(name) ?? "") + delta);
    this.#live.update(() => this.#view());
  }

  done(): Promise<void> {
    return this.#live.done();
  }

  #view(): Displayable {
    const parts = [...this.#texts].map(([name, text]) =>
      `── ${name}\n${text.split("\n").slice(-this.lines).join("\n")}`
    );
    return code(parts.join("\n"), "");
  }
}

/** How far long work is, in one line: hand `report` over as `onProgress`. */
export class LiveProgress {
  readonly #live = new Live();

  constructor(readonly label: string) {}

  readonly report: OnProgress = (done, total, note = "") => {
    this.#live.update(() => markdown(`${this.label}: ${done} of ${total} ${note}`));
  };

  done(): Promise<void> {
    return this.#live.done();
  }
}
