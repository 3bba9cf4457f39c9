import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { DatasetPreview } from "@/components/DatasetPreview.tsx";
import { OptionFields, optionsIn } from "@/components/OptionFields.tsx";
import { RevisionTable } from "@/components/RevisionTable.tsx";
import { OPTION_KEYS } from "@/lib/publish/option-keys.ts";
import { fetchRevisions, publishDataset } from "@/lib/web/client.ts";
import type { ShownPreview, ShownRevision } from "@/lib/web/datasets.ts";

/** What is being done, and how far it is. */
interface Work {
  what: string;
  done: number;
  total: number;
  cancel: () => void;
}

/** Looks at what the labels would make, publishes it, and lists what was published. */
export function Publisher({ initial }: { initial: ShownRevision[] }) {
  const revisions = useSignal(initial);
  const ready = useSignal(false);
  const preview = useSignal<ShownPreview | null>(null);
  const published = useSignal<string[]>([]);
  const error = useSignal<string | null>(null);
  const work = useSignal<Work | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const ofAll = useSignal(false);
  useEffect(() => {
    ready.value = true;
  }, []);

  const run = async (action: "preview" | "publish") => {
    const fields = new FormData(form.current!), stop = new AbortController();
    const at = (what: string, done = 0, total = 1) =>
      work.value = { what, done, total, cancel: () => stop.abort() };
    error.value = null;
    published.value = [];
    at(action === "preview" ? "Looking" : "Publishing");
    try {
      const repo = String(fields.get("repo") ?? "").trim();
      const request = {
        action,
        name: fields.get("name"),
        ...(repo === "" ? {} : { repo, private: !ofAll.value, accept: fields.getAll("accept") }),
        ...optionsIn(fields),
      };
      await publishDataset(request, (event) => {
        if ("error" in event) error.value = event.error;
        else if ("preview" in event) preview.value = event.preview;
        else if ("published" in event) published.value = event.published;
        else if ("total" in event) at(event.note, event.done, event.total);
      }, stop.signal);
      if (published.value.length > 0) revisions.value = await fetchRevisions();
    } catch (failure) {
      if ((failure as Error).name !== "AbortError") error.value = (failure as Error).message;
    } finally {
      work.value = null;
    }
  };

  const limited = Object.entries(preview.value?.limited ?? {});
  const idle = ready.value && work.value === null;
  return (
    <>
      <h2>Published</h2>
      <RevisionTable revisions={revisions.value} />
      <h2>Publish</h2>
      <form
        class="form"
        ref={form}
        onSubmit={(event) => {
          event.preventDefault();
          run("preview");
        }}
        onInput={(event) => {
          // What was looked at is no longer what would be published.
          if ((event.target as HTMLInputElement).name in OPTION_KEYS) preview.value = null;
        }}
      >
        <label>
          Name of the folder in data/datasets, whose dataset is replaced
          <input
            name="name"
            defaultValue="lc"
            required
            pattern="\w[\w.\-]{0,63}"
            autocomplete="off"
          />
        </label>
        <label>
          Repository of the Hugging Face hub, as in NAMESPACE/NAME; empty: only the folder
          <input name="repo" autocomplete="off" spellcheck={false} />
        </label>
        <label class="check">
          <span>Everybody may see the repository (private=false)</span>
          <input
            type="checkbox"
            name="public"
            checked={ofAll.value}
            onChange={(event) => ofAll.value = event.currentTarget.checked}
          />
        </label>
        <details>
          <summary>What is taken, and how it is split</summary>
          <OptionFields />
        </details>
        {preview.value && limited.length > 0 && (
          <fieldset disabled={!ofAll.value}>
            <legend>
              Not simply to be passed on; for everybody only what you accept, having the right to
            </legend>
            {limited.map(([name, why]) => (
              <label key={name} class="check">
                <span>
                  <code>{name}</code>: {why}
                </span>
                <input type="checkbox" name="accept" value={name} />
              </label>
            ))}
          </fieldset>
        )}
        <div class="actions">
          <button type="submit" disabled={!idle}>Preview</button>
          <button
            type="button"
            class="primary"
            disabled={!idle || preview.value === null}
            onClick={() => run("publish")}
          >
            Publish
          </button>
          {work.value && <button type="button" onClick={work.value.cancel}>Cancel</button>}
        </div>
        <p class="muted">Publishing needs a look at the preview first.</p>
      </form>
      <div role="status">
        {work.value && (
          <p>
            {work.value.what} …{" "}
            <progress max={work.value.total} value={work.value.done} aria-label="Progress" />
          </p>
        )}
        {published.value.length > 0 && (
          <div class="saved">{published.value.map((line) => <p key={line}>{line}</p>)}</div>
        )}
      </div>
      <p class={error.value ? "failed" : undefined} role="alert">{error.value}</p>
      {preview.value && <DatasetPreview preview={preview.value} />}
    </>
  );
}
