/**
 * One labeler at the labeling page: what is shown, what has been said about it, and what comes next.
 *
 * The labeler never waits for the network: a decision goes to the outbox, and the next pair is fetched while the
 * present one is looked at.
 *
 * @module
 */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Decision } from "@/lib/labels/decision.ts";
import type { CriterionVerdict, SideVerdict } from "@/lib/labels/showing.ts";
import { ActiveTime } from "@/lib/web/active-time.ts";
import { fetchItem, fetchMine, savePair, sendLabel, type Sent } from "@/lib/web/client.ts";
import { newClientId } from "@/lib/web/labeling/client-id.ts";
import { Drafts } from "@/lib/web/labeling/drafts.ts";
import { Outbox } from "@/lib/web/labeling/outbox.ts";
import { memoryShelf, type Shelf } from "@/lib/web/labeling/shelf.ts";
import {
  type Criterion,
  differs,
  type Draft,
  draftOf,
  EMPTY_DRAFT,
  labelFields,
  withRevealed,
} from "@/lib/web/labeling/verdicts.ts";
import type { ShownItem } from "@/lib/web/shown.ts";

/** Decisions that can be undone without asking the server which they were. */
const REMEMBERED = 10;

/** Whether what is on the screen has reached the database. */
export type SaveState =
  | { kind: "open" | "changed" | "waiting" | "saved" }
  | { kind: "failed"; message: string; client_id: string };

/** The state of the labeling page. */
export class Labeling {
  readonly draft = signal<Draft>(EMPTY_DRAFT);
  /** Whether keys and buttons have to wait: while the page starts and while an item is fetched. */
  readonly busy = signal(true);
  /** Why what was asked for is not shown. */
  readonly trouble = signal<string | null>(null);
  readonly outbox: Signal<Outbox>;
  readonly save: ReadonlySignal<SaveState>;
  #item: Signal<ShownItem>;
  #labeler: string;
  #drafts: Drafts | null = null;
  #clock = new ActiveTime();
  #ahead: Promise<ShownItem | null> = Promise.resolve(null);
  #done: ShownItem[] = [];
  #wantsNext = false;

  /** @param item what is shown; shared with whoever else changes it */
  constructor(item: Signal<ShownItem>, labeler: string) {
    this.#item = item;
    this.#labeler = labeler;
    this.outbox = signal(this.#outboxOn(memoryShelf()));
    this.save = computed(() => this.#saveState());
  }

  /** Begins to work in a browser: with the drafts and the unsent labels that it has kept. */
  start(shelf: Shelf): void {
    this.#drafts = new Drafts();
    this.begin();
    this.outbox.value = this.#outboxOn(shelf);
    this.outbox.value.flush();
    this.busy.value = false;
  }

  /** Sends nothing any more. */
  close(): void {
    this.outbox.value.close();
  }

  /** Takes note that another item is on the screen. */
  begin(): void {
    const { pair, decision } = this.#item.value;
    this.#clock = new ActiveTime();
    this.trouble.value = null;
    this.draft.value = this.#drafts?.get(this.#key()) ??
      (decision ? draftOf(decision) : EMPTY_DRAFT);
    if (pair !== null) this.#lookAhead();
  }

  /** A sign that somebody works on the page. */
  touch(): void {
    this.#clock.touch();
  }

  /** Says something about one criterion; said again, it is taken back. */
  setCriterion(criterion: Criterion, verdict: CriterionVerdict): void {
    if (this.#item.value.pair === null) return;
    const same = this.draft.value[criterion] === verdict;
    this.#setDraft({ ...this.draft.value, [criterion]: same ? null : verdict });
  }

  setNote(note: string): void {
    this.#setDraft({ ...this.draft.value, note });
  }

  /** Takes note that the tests' results were looked at. */
  revealTests(): void {
    const { draft } = this;
    this.#setDraft({ ...draft.value, revealed: withRevealed(draft.value.revealed, "tests") });
  }

  /** Decides: the overall preference with what was said about the criteria. A draft is saved first. */
  async decide(preference: SideVerdict): Promise<void> {
    const { pair, draft } = this.#item.value;
    if (draft) {
      await this.#fetching(async () => {
        await savePair(pair!);
        this.#item.value = { ...this.#item.value, draft: false };
      });
      if (this.#item.value.draft) return;
    }
    await this.#say({ action: "label", preference, ...labelFields(this.draft.value) });
  }

  /** Leaves the pair undecided and goes on. */
  async skip(reason: string | null): Promise<void> {
    const { note, revealed } = labelFields(this.draft.value);
    if (await this.#say({ action: "skip", reason, note, revealed })) await this.#advance();
  }

  /** Takes back the decision on the screen, or else the last one. What was said stays, to be said again. */
  async undo(): Promise<void> {
    if (this.busy.value) return;
    if (!this.#item.value.decision && !await this.#showLastDecided()) return;
    const { revealed } = this.draft.value;
    await this.#say({ action: "undo", revealed });
  }

  /** Saves what was changed and shows the next pair; a draft is left unsaved. */
  async next(): Promise<void> {
    const { decision, draft } = this.#item.value;
    if (this.busy.value || (!decision && !draft)) return;
    if (decision && this.save.value.kind === "changed" && decision.preference !== null) {
      await this.decide(decision.preference);
    }
    await this.#advance();
  }

  /** Shows a pair or a question. */
  async show(wanted: { pair?: string; showing?: number; question?: string }): Promise<void> {
    await this.#fetching(async () => {
      this.#item.value = await fetchItem(wanted);
    });
  }

  /** Tries once more what did not reach the server. */
  async again(): Promise<void> {
    await this.outbox.value.flush();
    if (this.#wantsNext) await this.#advance();
  }

  #saveState(): SaveState {
    const { pair, showing, decision } = this.#item.value;
    const mine = ({ label }: { label: Sent }) => label.pair === pair && label.showing === showing;
    const { waiting, refused } = this.outbox.value.state.value;
    const failed = refused.findLast(mine);
    if (failed) {
      const { refused, label: { client_id } } = failed;
      return { kind: "failed", message: refused!, client_id };
    }
    if (waiting.some(mine)) return { kind: "waiting" };
    if (!decision) return { kind: "open" };
    return { kind: differs(this.draft.value, decision) ? "changed" : "saved" };
  }

  #outboxOn(shelf: Shelf): Outbox {
    return new Outbox(shelf, {
      send: sendLabel,
      onStored: (label) => this.#stored(label),
      alone: (work) => navigator.locks?.request("codepref-outbox", work) ?? work(),
    });
  }

  async #say(said: Partial<Sent> & Pick<Sent, "action">): Promise<boolean> {
    const item = this.#item.value;
    if (this.busy.value || item.pair === null) return false;
    const { pair, showing, question } = item;
    const client_id = newClientId();
    const label: Sent = { client_id, pair, showing, ...this.#clock.read(), ...said };
    const key = this.#key();
    const decision = said.action === "undo" ? null : decisionOf(label);
    if (decision) this.#done = [...this.#done, { ...item, decision }].slice(-REMEMBERED);
    else this.#done = this.#done.filter((done) => done.pair !== pair);
    try {
      await this.outbox.value.add(label, question?.title ?? pair);
    } catch {
      this.trouble.value = "This browser could not keep the decision; free some space on its disk.";
      return false;
    }
    this.#item.value = { ...item, decision };
    this.#drafts?.set(key, decision ? null : this.draft.value);
    return true;
  }

  /** After the last label has arrived: what the server knows now, the names of the models among it. */
  async #stored({ pair }: Sent): Promise<void> {
    if (this.#wantsNext) return await this.#advance();
    if (this.outbox.value.state.value.waiting.length > 0) return;
    const before = this.#item.value;
    const except = before.pair === null ? [] : [before.pair];
    const now = await fetchItem(
      before.pair === null ? { except } : { pair: before.pair, showing: before.showing },
    ).catch(() => null);
    if (!now || this.#item.value !== before) return;
    const isShown = pair === before.pair && now.showing === before.showing;
    this.#item.value = isShown ? now : { ...before, progress: now.progress };
    if (isShown && now.decision) {
      const { revealed } = this.draft.value;
      this.draft.value = { ...this.draft.value, revealed: withRevealed(revealed, "models") };
    }
  }

  async #showLastDecided(): Promise<boolean> {
    const last = this.#done.at(-1);
    if (last) this.#item.value = last;
    else {
      await this.#fetching(async () => {
        const waiting = this.#waitingPairs();
        const [label] = (await fetchMine(new Date())).labels
          .filter(({ pair }) => !waiting.includes(pair));
        if (!label) throw new Error("There is no decision of yours to take back.");
        this.#item.value = await fetchItem({ pair: label.pair, showing: label.showing });
      });
    }
    // What was said about it, before it is taken back.
    this.begin();
    return this.#item.value.decision !== null;
  }

  async #advance(): Promise<void> {
    this.#wantsNext = true;
    await this.#fetching(async () => {
      const taken = [...this.#waitingPairs(), this.#item.value.pair];
      const ahead = await this.#ahead;
      const usable = ahead?.pair && !ahead.decision && !taken.includes(ahead.pair);
      const { progress } = this.#item.value;
      this.#item.value = usable
        ? { ...ahead, progress }
        : await fetchItem({ except: this.#waitingPairs() });
      this.#wantsNext = false;
    });
  }

  #lookAhead(): void {
    const { pair } = this.#item.value;
    const except = [...this.#waitingPairs(), ...pair === null ? [] : [pair]];
    this.#ahead = fetchItem({ except }).catch(() => null);
  }

  async #fetching(work: () => Promise<void>): Promise<void> {
    if (this.busy.value) return;
    this.busy.value = true;
    this.trouble.value = null;
    try {
      await work();
    } catch (error) {
      this.trouble.value = (error as Error).message;
    } finally {
      this.busy.value = false;
    }
  }

  #waitingPairs(): string[] {
    return this.outbox.value.state.value.waiting
      .filter(({ label }) => label.action !== "undo").map(({ label }) => label.pair);
  }

  #setDraft(draft: Draft): void {
    this.draft.value = draft;
    this.#drafts?.set(this.#key(), draft);
  }

  #key(): string {
    const { pair, showing } = this.#item.value;
    return JSON.stringify([this.#labeler, pair, showing]);
  }
}

/** A decision that the server has not answered yet, without the names of the models. */
function decisionOf(label: Sent): Decision {
  return {
    id: label.client_id,
    pair: label.pair,
    showing: label.showing,
    action: label.action === "skip" ? "skip" : "label",
    preference: label.preference ?? null,
    correctness: label.correctness ?? null,
    performance: label.performance ?? null,
    readability: label.readability ?? null,
    reason: label.reason ?? null,
    note: label.note ?? null,
    revealed: label.revealed ?? [],
    models: { a: "", b: "" },
  };
}
