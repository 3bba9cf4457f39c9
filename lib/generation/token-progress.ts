/**
 * Progress of answers that are written side by side.
 *
 * @module
 */
import type { OnProgress } from "@/lib/progress.ts";
import type { RequestHooks } from "@/lib/generation/requests.ts";

/** Hooks that show, between one finished answer and the next, how much text has come. */
export function tokenProgress(show: OnProgress): Pick<RequestHooks, "onProgress" | "onText"> {
  let [done, total, tokens] = [0, 0, 0];
  const report = () => show(done, total, tokens > 0 ? `${tokens} tokens` : undefined);
  return {
    onProgress(nowDone, nowTotal) {
      [done, total] = [nowDone, nowTotal];
      report();
    },
    onText() {
      tokens++;
      report();
    },
  };
}
