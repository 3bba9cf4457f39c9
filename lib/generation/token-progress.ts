/**
 * Progress of answers that are written side by side.
 *
 * @module
 */
import type { OnProgress } from "@/lib/progress.ts";
import type { RequestHooks } from "@/lib/generation/requests.ts";

/**
 * One progress for one or more generations: each gets hooks of its own from the function returned. Between one
 * finished answer and the next it shows how much text has come.
 */
export function tokenProgress(
  show: OnProgress,
): () => Required<Pick<RequestHooks, "onProgress" | "onText">> {
  const works: { done: number; total: number }[] = [];
  let tokens = 0;
  const report = () => {
    const done = works.reduce((sum, work) => sum + work.done, 0);
    const total = works.reduce((sum, work) => sum + work.total, 0);
    show(done, total, tokens > 0 ? `${tokens} tokens` : undefined);
  };
  return () => {
    const work = { done: 0, total: 0 };
    works.push(work);
    return {
      onProgress(done, total) {
        Object.assign(work, { done, total });
        report();
      },
      onText() {
        tokens++;
        report();
      },
    };
  };
}
