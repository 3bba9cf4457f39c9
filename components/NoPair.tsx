import { keyLabel } from "@/lib/web/labeling/key-map.ts";
import { settings } from "@/lib/web/labeling/settings.ts";
import type { ShownItem } from "@/lib/web/shown.ts";

/** What stands where the codes would, while there is no pair. */
export function NoPair(
  { item: { question, progress }, generates }: { item: ShownItem; generates: boolean },
) {
  const done = progress.total > 0 && progress.labeled + progress.skipped >= progress.total;
  const key = keyLabel(settings.value.keys.generate);
  return (
    <div class="empty" role="status">
      <h2>{done ? "All pairs are labeled" : "No pair yet"}</h2>
      {question && !generates && (
        <p>
          {done
            ? "Thank you! New pairs are made by deno task generate."
            : "This question has no pair; deno task generate makes some."}
        </p>
      )}
      {question && generates && (
        <p>
          {done ? "Thank you! To go on, " : "To have two solutions to this question written, "}
          press <kbd>{key}</kbd> or <em>Generate</em>
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
