import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { GeneratePanel } from "@/components/GeneratePanel.tsx";
import { Key } from "@/components/Key.tsx";
import { Navigation } from "@/components/Navigation.tsx";
import { QuestionText } from "@/components/QuestionText.tsx";
import { fetchItem } from "@/lib/web/client.ts";
import { isTyping } from "@/lib/web/keys.ts";
import { actionOf, keyLabel } from "@/lib/web/labeling/key-map.ts";
import { making } from "@/lib/web/labeling/pair-making.ts";
import { settings } from "@/lib/web/labeling/settings.ts";
import type { Role } from "@/lib/web/accounts.ts";
import type { ShownItem } from "@/lib/web/shown.ts";

/** The question at hand, how far the labeler is, and the way to other questions. */
export function SideBar({ current, labeler, role, instruction, original, refusal }: {
  current: Signal<ShownItem>;
  labeler: string;
  role?: Role;
  /** How models are asked, and how they are unless somebody changes it. */
  instruction: string;
  original: string;
  /** Why this labeler cannot have pairs made; null: they can. */
  refusal: string | null;
}) {
  const { question, progress, html, draft } = current.value;
  const asked = useSignal(instruction);
  const error = useSignal<string | null>(null);
  const ready = useSignal(false);
  const field = useRef<HTMLInputElement>(null);

  const makePair = () => {
    if (!refusal && asked.value.trim()) making.make(current, { instruction: asked.value });
  };

  useEffect(() => {
    ready.value = true;
    const onKey = (event: KeyboardEvent) => {
      const action = isTyping(event) ? undefined : actionOf(settings.value.keys, event);
      if (action === "jump") field.current?.select();
      else if (action === "generate") makePair();
      else if (action === "save") making.save(current);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);

  const jump = async (event: Event) => {
    event.preventDefault();
    error.value = null;
    try {
      current.value = await fetchItem({ question: field.current!.value });
      field.current!.blur();
    } catch (failure) {
      error.value = (failure as Error).message;
    }
  };

  return (
    <aside class="sidebar">
      <header>
        <p class="brand">codepref</p>
        <p class="labeler" title="Your name">{labeler}</p>
      </header>
      <Navigation current="/" role={role} />
      <div class="progress">
        <progress
          max={Math.max(1, progress.total)}
          value={progress.labeled}
          aria-label="Labeled pairs"
        />
        <p>
          <strong>{progress.labeled}</strong> of {progress.total} pairs labeled
          {progress.skipped > 0 && `, ${progress.skipped} skipped`}
        </p>
      </div>
      <form class="jump" onSubmit={jump}>
        <label for="jump">
          <Key name={keyLabel(settings.value.keys.jump)} />Question
        </label>
        <input
          id="jump"
          ref={field}
          key={question?.slug}
          defaultValue={question ? String(question.number) : ""}
          autocomplete="off"
          spellcheck={false}
          aria-describedby="jump-error"
        />
        <button type="submit" disabled={!ready.value}>Go</button>
        <p id="jump-error" class="error" role="alert">{error.value}</p>
      </form>
      <GeneratePanel
        instruction={asked.value}
        original={original}
        writing={making.writing.value}
        error={making.error.value}
        refusal={refusal}
        ready={ready.value && question !== null}
        unsaved={draft}
        onInstruction={(text) => asked.value = text}
        onGenerate={makePair}
        onCancel={() => making.cancel()}
        onSave={() => making.save(current)}
      />
      {question && <QuestionText question={question} html={html.question} />}
    </aside>
  );
}
