import { Key } from "@/components/Key.tsx";

/** What is known about a pair that is being made. */
export interface Generation {
  note: string;
  text: string;
}

/** The instruction and the button that has a pair made by it. */
export function GeneratePanel(
  { instruction, original, generation, error, disabled, onInstruction, onGenerate, onCancel }: {
    instruction: string;
    original: string;
    /** Set while a pair is being made. */
    generation: Generation | null;
    error: string | null;
    disabled: boolean;
    onInstruction: (text: string) => void;
    onGenerate: () => void;
    onCancel: () => void;
  },
) {
  return (
    <section class="generate" aria-label="Generate a pair">
      <details>
        <summary>
          <span class="summary-title">Instruction</span>
          <span class="summary-text">{instruction}</span>
        </summary>
        <textarea
          aria-label="Instruction to the model"
          rows={3}
          value={instruction}
          onInput={(event) => onInstruction(event.currentTarget.value)}
        />
        <button
          type="button"
          class="quiet"
          disabled={instruction === original}
          onClick={() => onInstruction(original)}
        >
          Back to the original
        </button>
      </details>
      {generation
        ? (
          <button type="button" class="cancel" aria-keyshortcuts="Escape" onClick={onCancel}>
            <Key name="Esc" />Cancel
          </button>
        )
        : (
          <button
            type="button"
            class="generate-button"
            disabled={disabled || instruction.trim() === ""}
            aria-keyshortcuts="g"
            onClick={onGenerate}
          >
            <Key name="G" />Generate
          </button>
        )}
      {error && <p class="error" role="alert">{error}</p>}
      {generation && (
        <div class="writing">
          <p role="status">
            <span class="spinner" aria-hidden="true" />
            {generation.note} …
          </p>
          {generation.text && <pre>{generation.text}</pre>}
        </div>
      )}
    </section>
  );
}
