import { ActionButton, Key } from "@/components/Key.tsx";
import type { Writing } from "@/lib/web/labeling/pair-making.ts";

/** The instruction, the button that has a pair made by it, and the one that saves the pair. */
export function GeneratePanel(
  { instruction, original, writing, error, refusal, ready, unsaved, ...on }: {
    instruction: string;
    original: string;
    /** Set while a pair is being made. */
    writing: Writing | null;
    error: string | null;
    /** Why pairs cannot be made here. */
    refusal: string | null;
    /** Whether there is a question to have solved. */
    ready: boolean;
    /** Whether the pair on the screen is not saved. */
    unsaved: boolean;
    onInstruction: (text: string) => void;
    onGenerate: () => void;
    onCancel: () => void;
    onSave: () => void;
  },
) {
  if (refusal) return <p class="generate-off">{refusal}</p>;
  return (
    <section class="generate" aria-label="Generate a pair">
      <details>
        <summary>
          <span class="summary-title">Instruction</span>
          <span class="summary-text">{instruction}</span>
        </summary>
        <textarea
          aria-label="Instruction to the model"
          rows={4}
          value={instruction}
          onInput={(event) => on.onInstruction(event.currentTarget.value)}
        />
        <button
          type="button"
          class="quiet"
          disabled={instruction === original}
          onClick={() => on.onInstruction(original)}
        >
          Back to the original
        </button>
      </details>
      <div class="generate-buttons">
        {writing
          ? (
            <button type="button" class="cancel" aria-keyshortcuts="Escape" onClick={on.onCancel}>
              <Key name="Esc" />Cancel
            </button>
          )
          : (
            <ActionButton
              action="generate"
              disabled={!ready || instruction.trim() === ""}
              onClick={on.onGenerate}
            >
              Generate
            </ActionButton>
          )}
        <ActionButton action="save" disabled={!ready || !unsaved || !!writing} onClick={on.onSave}>
          Save Code Pair
        </ActionButton>
      </div>
      {error && <p class="error" role="alert">{error}</p>}
      {writing && (
        <div class="writing">
          <p role="status">
            <span class="spinner" aria-hidden="true" />
            {writing.note} …
          </p>
          {writing.talk.trim() && (
            <pre tabIndex={0} aria-label="Beside the code">{writing.talk.trim()}</pre>
          )}
        </div>
      )}
    </section>
  );
}
