/**
 * A training run in a cell's output, while it goes on.
 *
 * @module
 */
import { readRunConfig } from "@/lib/evaluation/run-config.ts";
import { runFigures } from "@/lib/evaluation/run-figures.ts";
import { runStanding } from "@/lib/evaluation/run-state.ts";
import { countText, durationText, numberText, percentText } from "@/lib/evaluation/run-text.ts";
import { figure, markdown, Place } from "@/lib/notebooks/display.ts";
import { type FollowedRun, followTogether, type Metrics } from "@/lib/notebooks/training.ts";

/** How often the line is written anew while nothing is measured. */
const TICK_MILLISECONDS = 1000;

/**
 * Shows how far a run is, every second, and the figures of its report, each in its place, until the run's process has
 * ended.
 *
 * @param until stops following at the first line that it holds for; the run itself goes on
 * @returns all metrics
 * @throws {OperationError} the process was started here and ended with an error
 */
export async function showRun(
  run: FollowedRun,
  { until = () => false }: { until?: (line: Metrics) => boolean } = {},
): Promise<Metrics[]> {
  const line = new Place(), places = new Map<string, Place>();
  const metrics: Metrics[] = [];
  let began = performance.now(), showing = Promise.resolve();
  const showLine = (waited = 0) => {
    // One after the other, so that an older line never takes the place of a newer one.
    showing = showing.then(async () => {
      const config = await readRunConfig(run.folder);
      const text = await standingLine(run.folder, metrics, config?.totalExamples);
      await line.show(
        markdown(waited > 0 ? `${text}, ${durationText(waited)} in this step` : text),
      );
    });
    return showing;
  };
  const showAll = async () => {
    await showLine();
    const config = await readRunConfig(run.folder);
    for (const { caption, svg } of runFigures({ loss: config?.loss ?? "", records: metrics })) {
      const place = places.get(caption) ?? new Place();
      places.set(caption, place);
      await place.show(figure(svg));
    }
  };
  await showAll();
  const ticking = setInterval(
    () => showLine(Math.round((performance.now() - began) / 1000)).catch(() => {}),
    TICK_MILLISECONDS,
  );
  try {
    for await (const lines of followTogether(run)) {
      metrics.push(...lines);
      began = performance.now();
      await showAll();
      if (lines.some(until)) break;
    }
  } finally {
    clearInterval(ticking);
  }
  await showAll();
  return metrics;
}

async function standingLine(folder: string, metrics: Metrics[], total?: number): Promise<string> {
  const standing = await runStanding(folder, metrics, total ?? null);
  const { state, examples, loss, accuracy, tokensPerSecond, secondsLeft } = standing;
  const parts = [
    `${countText(examples)}${total === undefined ? "" : ` of ${countText(total)}`} examples`,
    loss === null ? null : `loss ${numberText(loss)}`,
    accuracy === null ? null : `accuracy ${percentText(accuracy)}`,
    tokensPerSecond === null ? null : `${countText(tokensPerSecond)} tokens/s`,
    secondsLeft === null ? null : `${durationText(secondsLeft)} left`,
  ];
  return `**${state}**: ${parts.filter((part) => part !== null).join(", ")}`;
}
