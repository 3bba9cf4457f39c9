import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { CHOICES, DecisionBar, type SaveState } from "@/components/DecisionBar.tsx";
import { GeneratePanel, type Generation } from "@/components/GeneratePanel.tsx";
import { Pane } from "@/components/Pane.tsx";
import { ActiveTime } from "@/lib/web/active-time.ts";
import { fetchItem, generate, sendLabel, type Sent } from "@/lib/web/client.ts";
import { isTyping } from "@/lib/web/keys.ts";
import type { ShownItem } from "@/lib/web/shown.ts";

/** The two solutions, the decision about them, and the making of new ones. */
export function Workbench({ current, instruction, original }: {
  current: Signal<ShownItem>;
  instruction: string;
  original: string;
}) {
  const item = current.value;
  const ready = useSignal(false);
  const save = useSignal<SaveState>({ kind: "open" });
  const asked = useSignal(instruction);
  const generation = useSignal<Generation | null>(null);
  const generationError = useSignal<string | null>(null);
  const clock = useRef<ActiveTime | null>(null);
  const unsent = useRef<Sent | null>(null);
  const cancel = useRef<AbortController | null>(null);

  const busy = !ready.value || save.value.kind === "saving" || generation.value !== null;

  const attempt = async (work: () => Promise<void>) => {
    save.value = { kind: "saving" };
    try {
      await work();
      save.value = { kind: current.value.decision ? "saved" : "open" };
    } catch (error) {
      save.value = { kind: "failed", message: (error as Error).message };
    }
  };
  const next = () => attempt(async () => void (current.value = await fetchItem()));
  const deliver = () =>
    attempt(async () => {
      const label = unsent.current!;
      await sendLabel(label);
      unsent.current = null;
      current.value = await fetchItem(label.action === "skip" ? {} : { pair: label.pair });
    });
  const decide = (action: Sent["action"], preference?: Sent["preference"]) => {
    const { pair, showing, decision } = current.value;
    if (busy || pair === null) return;
    unsent.current = {
      client_id: crypto.randomUUID(),
      pair,
      showing,
      action,
      preference,
      ...clock.current?.read(),
      revealed: decision ? ["models"] : [],
    };
    return deliver();
  };

  const makePair = async () => {
    const slug = current.value.question?.slug;
    if (busy || !slug) return;
    generationError.value = null;
    generation.value = { note: "Waiting for the model", text: "" };
    cancel.current = new AbortController();
    try {
      let made: string | undefined;
      await generate({ question: slug, instruction: asked.value }, (event) => {
        if ("error" in event) throw new Error(event.error);
        if ("pair" in event) made = event.pair;
        const { note, text } = generation.value!;
        generation.value = {
          note: "note" in event ? event.note : note,
          text: "text" in event ? text + event.text : text,
        };
      }, cancel.current.signal);
      current.value = await fetchItem({ pair: made });
      save.value = { kind: "open" };
    } catch (error) {
      if ((error as Error).name !== "AbortError") generationError.value = (error as Error).message;
    } finally {
      generation.value = null;
    }
  };
  const stop = () => cancel.current?.abort();

  // Always the newest closures, so that the listener below needs to be added only once.
  const onKey = useRef<(event: KeyboardEvent) => void>(() => {});
  onKey.current = (event) => {
    if (event.key === "Escape") {
      stop();
      (document.activeElement as HTMLElement | null)?.blur();
    }
    if (isTyping(event)) return;
    const key = event.key.toLowerCase();
    const choice = CHOICES.find((c) => c.key === key);
    if (choice) decide("label", choice.preference);
    else if (key === "s" && !current.value.decision) decide("skip");
    else if (key === "u" && current.value.decision) decide("undo");
    else if (key === "n" && current.value.decision && !busy) next();
    else if (key === "g") makePair();
  };

  useEffect(() => {
    ready.value = true;
    const listener = (event: KeyboardEvent) => onKey.current(event);
    const touch = () => clock.current?.touch();
    addEventListener("keydown", listener);
    const signs = ["keydown", "pointermove", "pointerdown", "scroll", "visibilitychange"];
    for (const sign of signs) addEventListener(sign, touch, { capture: true, passive: true });
    return () => {
      removeEventListener("keydown", listener);
      for (const sign of signs) removeEventListener(sign, touch, { capture: true });
    };
  }, []);

  // A page that is opened again shows the same.
  useEffect(() => {
    clock.current = new ActiveTime();
    unsent.current = null;
    save.value = { kind: current.value.decision ? "saved" : "open" };
    const { pair, question } = current.value;
    const query = pair ? `?pair=${pair}` : question ? `?question=${question.slug}` : "";
    history.replaceState(null, "", `/${query}`);
    for (const pane of document.querySelectorAll(".code")) pane.scrollTo(0, 0);
  }, [item.pair, item.question?.slug]);

  const verdict = (side: "a" | "b") => item.decision?.preference === side ? "Preferred" : undefined;
  return (
    <main class="workbench" aria-busy={busy}>
      <GeneratePanel
        instruction={asked.value}
        original={original}
        generation={generation.value}
        error={generationError.value}
        disabled={busy || item.question === null}
        onInstruction={(text) => asked.value = text}
        onGenerate={makePair}
        onCancel={stop}
      />
      {item.pair === null ? !generation.value && <NoPair item={item} /> : (
        <>
          <div class="panes">
            <Pane
              side="Left"
              html={item.html.a}
              model={item.decision?.models.a}
              verdict={verdict("a")}
            />
            <Pane
              side="Right"
              html={item.html.b}
              model={item.decision?.models.b}
              verdict={verdict("b")}
            />
          </div>
          <DecisionBar
            decision={item.decision}
            state={save.value}
            disabled={busy}
            onDecide={(preference) => decide("label", preference)}
            onSkip={() => decide("skip")}
            onUndo={() => decide("undo")}
            onNext={next}
            onRetry={() => unsent.current ? deliver() : next()}
          />
        </>
      )}
    </main>
  );
}

function NoPair({ item: { question, progress } }: { item: ShownItem }) {
  const done = progress.total > 0 && progress.labeled + progress.skipped >= progress.total;
  return (
    <div class="empty" role="status">
      <h2>{done ? "All pairs are labeled" : "No pair yet"}</h2>
      {question && (
        <p>
          {done ? "Thank you! To go on, " : "To have two solutions to this question written, "}
          press <kbd>G</kbd> or <em>Generate</em>
          {done && ": this question has no pair yet"}.
        </p>
      )}
      {!question && done && <p>Thank you! No question is left without a pair.</p>}
      {!question && !done && (
        <p>
          The database has no questions; import some with <code>deno task import</code>.
        </p>
      )}
    </div>
  );
}
