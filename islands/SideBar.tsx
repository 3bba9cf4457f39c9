import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Key } from "@/components/Key.tsx";
import { fetchItem } from "@/lib/web/client.ts";
import { isTyping } from "@/lib/web/keys.ts";
import type { ShownItem } from "@/lib/web/shown.ts";

/** The question at hand, how far the labeler is, and the way to other questions. */
export function SideBar({ current, labeler }: { current: Signal<ShownItem>; labeler: string }) {
  const { question, progress, html } = current.value;
  const error = useSignal<string | null>(null);
  const ready = useSignal(false);
  const field = useRef<HTMLInputElement>(null);

  useEffect(() => {
    ready.value = true;
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "j" || isTyping(event)) return;
      event.preventDefault();
      field.current?.select();
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
        <a href="/runs">Training runs</a>
        <p class="labeler" title="Your name">{labeler}</p>
      </header>
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
          <Key name="J" />Question
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
      {question && (
        <article class="question">
          <h1>
            <span class="number">{question.number}.</span> {question.title}
          </h1>
          <p class="tags">
            <span class={`badge ${question.difficulty}`}>{question.difficulty}</span>
            {question.topics.slice(0, 4).map((topic) => (
              <span class="tag" key={topic}>{topic}</span>
            ))}
          </p>
          <div class="description" dangerouslySetInnerHTML={{ __html: html.question }} />
        </article>
      )}
    </aside>
  );
}
