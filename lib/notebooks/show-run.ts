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

/**
 * Shows how far a run is and the figures of its report, each in its place, until the run's process has ended.
 *
 * @returns all metrics
 * @throws {OperationError} the process was started here and ended with an error
 */
export async function showRun(run: FollowedRun): Promise<Metrics[]> {
  const line = new Place(), places = new Map<string, Place>();
  const metrics: Metrics[] = [];
  const show = async () => {
    const config = await readRunConfig(run.folder);
    await line.show(markdown(await standingLine(run.folder, metrics, config?.totalExamples)));
    for (const { caption, svg } of runFigures({ loss: config?.loss ?? "", records: metrics })) {
      const place = places.get(caption) ?? new Place();
      places.set(caption, place);
      await place.show(figure(svg));
    }
  };
  await show();
  for await (const lines of followTogether(run)) {
    metrics.push(...lines);
    await show();
  }
  await show();
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
