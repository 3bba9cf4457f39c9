/**
 * The training loop, whatever the work is spread over: SFT and preference losses on full weights or on LoRA adapters.
 *
 * Every process of a run goes through the same loop; what is due, and when it ends, they agree on before each update.
 * The first one alone writes to the run folder and tells how things go.
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";
import { batches } from "@/lib/datasets/batches.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import {
  listCheckpoints,
  pruneCheckpoints,
  saveCheckpoint,
  type TrainerState,
  verifyCheckpoint,
} from "@/lib/trainers/checkpoint.ts";
import { evaluate, fullBatches, roundEvalEvery } from "@/lib/trainers/evaluate.ts";
import { loadTrained } from "@/lib/trainers/load.ts";
import { MetricWindow } from "@/lib/trainers/metric-window.ts";
import { peakMemoryBytes } from "@/lib/trainers/metrics.ts";
import type { MovingReference } from "@/lib/trainers/moving-reference.ts";
import { batchOptions, settingsHash, totalExamples } from "@/lib/trainers/settings.ts";
import type { DevicePlan } from "@/lib/trainers/memory-plan.ts";
import type { Phase, TrainHooks, TrainInput } from "@/lib/trainers/train-input.ts";
import { comparedWithPlan, planLines, plannedMetric, planRun } from "@/lib/trainers/plan-run.ts";
import { keptBatch, RunRecords } from "@/lib/trainers/records.ts";
import { HeldOutSamples } from "@/lib/trainers/samples.ts";
import { NonFiniteUpdate, type Trained, update, type UpdateReport } from "@/lib/trainers/update.ts";

/** Enough batches to know the lengths of the data by. */
const PLANNED_BATCHES = 64;

export class Trainer {
  private trained!: Trained;
  private state: TrainerState;
  private readonly evalReference = new Map<number, Float32Array>();
  private records: RunRecords | null = null;
  private moving: MovingReference | null = null;
  private samples: HeldOutSamples | null = null;
  /** High-water marks of all processes together. */
  private peakBytes = peakMemoryBytes();
  private best: { loss: number; folder: string } | null = null;
  private memory: DevicePlan[] = [];
  private startedAt = 0;
  private readonly window: MetricWindow;
  /** What the progress bar says beside how far it is. */
  private note: string | undefined;
  private lastSave = 0;
  private lastSavedExamples: number;

  constructor(private readonly input: TrainInput, private readonly hooks: TrainHooks) {
    this.state = {
      examples: 0,
      updates: 0,
      seconds: 0,
      evalLoss: null,
      evaluatedAt: null,
      settingsHash: settingsHash(input.settings),
      precision: input.precision,
      threads: input.threads,
      shapes: {},
      finished: false,
    };
    this.lastSavedExamples = -1;
    const { minimumLogIntervalSecs, loss } = input.settings;
    this.window = new MetricWindow(minimumLogIntervalSecs, loss.name === "sft");
  }

  /**
   * Trains to the end, or until the signal; either way the last state is saved.
   * @returns where the run ended
   */
  async run(): Promise<TrainerState> {
    const { settings, runFolder, parallelism, source, held, precision } = this.input;
    await this.load();
    if (this.state.finished) return this.state;
    const sampling = settings.sampleDuringEval && settings.nEvalModelSamples > 0;
    if (parallelism.rank === 0) {
      this.records = new RunRecords(runFolder, this.state.examples, sampling);
    }
    if (sampling) this.samples = new HeldOutSamples(source, held, settings, precision);
    this.startedAt = this.lastSave = performance.now();
    try {
      const done = await this.loop();
      this.writeWindow();
      if (done && this.state.evaluatedAt !== this.state.examples) {
        await this.evaluate(this.state.examples);
      }
      this.state.finished = done;
      if (!settings.debug && (done || this.state.examples !== this.lastSavedExamples)) {
        await this.save();
      }
      const compared = comparedWithPlan(this.memory, Math.max(this.peakBytes, peakMemoryBytes()));
      if (compared) this.hooks.log(compared);
      this.hooks.signal.throwIfAborted();
      return this.state;
    } finally {
      this.records?.close();
      this.dispose();
    }
  }

  private async load(): Promise<void> {
    const { checkpoint, state, runFolder, parallelism } = this.input;
    this.begins("loading");
    if (state) {
      this.state = state;
      this.lastSavedExamples = this.state.examples;
      if (this.state.finished) return;
    }
    const { trained, moving } = await loadTrained(
      this.input,
      new Buckets(this.state.shapes),
      this.hooks,
    );
    this.trained = trained;
    this.moving = moving;
    trained.steps.onTrace = () => this.begins("tracing");
    if (!checkpoint || parallelism.rank > 0) return;
    this.hooks.log(`resumed from ${checkpoint} after ${this.state.examples} examples`);
    for (const folder of listCheckpoints(runFolder)) {
      this.noteBest(folder, await verifyCheckpoint(folder));
    }
  }

  /** @returns false when the signal came */
  private async loop(): Promise<boolean> {
    const { settings, train, source } = this.input;
    const options = batchOptions(settings);
    const total = totalExamples(settings, train);
    const evalEvery = roundEvalEvery(settings, this.hooks.log);
    await this.planShapes(total);
    this.window.startClock();
    for await (
      const batch of batches(train, source.tokenizer, {
        ...options,
        skipExamples: this.state.examples,
      })
    ) {
      const { stop, save } = await this.due();
      if (stop) return false;
      if (await this.evaluateOrSave(evalEvery, save, total)) this.window.startClock();
      this.begins("training");
      const report = await this.update(batch.pairs, total);
      this.state.updates++;
      this.state.examples += batch.pairs.length;
      this.begins("training");
      if (this.moving?.follow(this.trained.weights, this.state.updates)) this.takeReference();
      this.state.evalLoss = null;
      this.window.add(batch.pairs, report);
      if (this.window.due) this.writeWindow();
      this.hooks.onProgress(this.state.examples, total, this.note);
    }
    return true;
  }

  /** What was trained since the last line, also where it is too soon for one: what comes next may be an interruption. */
  private writeWindow(): void {
    const line = this.window.take();
    if (!line) return;
    this.note = progressNote(line["loss/train"], line.tokens_per_second, this.peakBytes);
    this.writeMetrics({ ...line, "counters/traces": this.trained.steps.traces });
  }

  /** One update; a batch that none can be made of is kept to look at. */
  private async update(pairs: TokenizedPair[], total: number): Promise<UpdateReport> {
    const { settings, source: { tokenizer }, parallelism, runFolder } = this.input;
    const updates = total / settings.batchSize;
    try {
      return await update(this.trained, pairs, this.state.updates, { ...settings, updates });
    } catch (error) {
      if (!(error instanceof NonFiniteUpdate)) throw error;
      await this.records?.keepBatch(error.pairs, tokenizer);
      // The first one that fails ends all: nobody does before the batch is written.
      await parallelism.agree([0]);
      error.message += ` The batch is in ${
        keptBatch(runFolder)
      }; the last checkpoint is as it was.`;
      throw error;
    }
  }

  /** What the old reference said holds no longer. */
  private takeReference(): void {
    this.trained.reference = this.moving!.frozen;
    this.evalReference.clear();
    this.samples?.forgetReference();
  }

  /** Looks at the first batches, so that most need no shape of their own. */
  private async planShapes(total: number): Promise<void> {
    const { settings, train, held, source } = this.input;
    const size = settings.batchSize / settings.gradientAccumulationSteps;
    const parts: TokenizedPair[][] = [];
    for await (const { pairs } of batches(train, source.tokenizer, batchOptions(settings))) {
      for (let at = 0; at < pairs.length; at += size) parts.push(pairs.slice(at, at + size));
      if (parts.length >= PLANNED_BATCHES) break;
    }
    this.trained.steps.plan(parts, total / size);
    const evaluated = fullBatches(held, settings.evalBatchSize, this.input.parallelism.batchShares);
    this.trained.steps.plan(evaluated, evaluated.length);
    this.memory = planRun(this.input, this.trained);
    planLines(this.memory).forEach(this.hooks.log);
  }

  /** What the processes agree on between two updates: the first one hears the signal and looks at the clock. */
  private async due(): Promise<{ stop: boolean; save: boolean }> {
    const { parallelism } = this.input, first = parallelism.rank === 0;
    const [stop, save, kibibytes] = await parallelism.agree([
      Number(first && this.hooks.signal.aborted),
      Number(first && this.saveDue()),
      peakMemoryBytes() / 1024,
    ]);
    this.peakBytes = 1024 * kibibytes;
    return { stop: stop > 0, save: save > 0 };
  }

  private begins(phase: Phase): void {
    this.hooks.onPhase?.(phase, this.state.updates);
  }

  /**
   * What is due between two updates: an evaluation, which saves after the first one, or a checkpoint.
   * @returns whether anything was
   */
  private async evaluateOrSave(
    evalEvery: number,
    save: boolean,
    total: number,
  ): Promise<boolean> {
    const { examples, evaluatedAt } = this.state;
    const { settings } = this.input;
    const evaluationDue = examples % evalEvery === 0 && (examples > 0 || settings.doFirstEval);
    if (evaluationDue && evaluatedAt !== examples) {
      await this.evaluate(total);
      if (examples > 0 && !settings.debug) await this.save();
      return true;
    }
    if (!save) return false;
    await this.save();
    return true;
  }

  private async evaluate(total: number): Promise<void> {
    const { held, settings } = this.input;
    if (held.length === 0) return;
    this.begins("evaluating");
    const means = await evaluate(
      this.trained,
      held,
      settings.evalBatchSize,
      this.evalReference,
      (done, of) => this.hooks.onProgress(this.state.examples, total, `evaluating ${done}/${of}`),
    );
    const loss = means["loss/eval"];
    if (!Number.isFinite(loss)) {
      this.hooks.log(`WARNING: the held-out loss is not finite (${loss})`);
    }
    this.state.evalLoss = loss;
    this.state.evaluatedAt = this.state.examples;
    await this.due();
    this.writeMetrics(means);
    await this.writeSamples(total);
    await this.hooks.onEvaluation();
  }

  private async writeSamples(total: number): Promise<void> {
    const { signal, onProgress } = this.hooks, { examples, updates } = this.state;
    // An interrupted run saves and ends; whoever waits for that does not wait for samples.
    if (!this.samples || (await this.due()).stop) return;
    try {
      const lines = await this.samples.take(
        this.trained,
        this.input.parallelism,
        { examples, updates },
        signal,
        (done, of) => onProgress(examples, total, `sampling ${done}/${of}`),
      );
      lines.forEach((line) => this.records?.sample(line));
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  private writeMetrics(values: Record<string, number>): void {
    const line = {
      examples: this.state.examples,
      updates: this.state.updates,
      time: new Date().toISOString(),
      "counters/examples": this.state.examples,
      "counters/updates": this.state.updates,
      ...values,
      ...plannedMetric(this.memory),
      peak_memory_bytes: this.peakBytes,
    };
    this.records?.metrics(line);
    this.hooks.onMetrics(line);
  }

  private saveDue(): boolean {
    const { saveEvery, saveEveryMinutes, batchSize, debug } = this.input.settings;
    if (debug || this.state.examples === 0 || this.state.examples === this.lastSavedExamples) {
      return false;
    }
    if (saveEvery && this.state.examples % saveEvery < batchSize) return true;
    return performance.now() - this.lastSave >= saveEveryMinutes * 60_000;
  }

  private async save(): Promise<void> {
    const { source, settings, runFolder, parallelism } = this.input;
    this.writeWindow();
    this.begins("saving");
    const now = performance.now();
    this.state.seconds += (now - this.startedAt) / 1000;
    this.startedAt = now;
    const folder = await saveCheckpoint(runFolder, {
      source,
      weights: this.trained.weights,
      lora: settings.lora,
      reference: this.moving?.values ?? null,
      optimizer: this.trained.optimizer,
      state: this.state,
      parallelism,
    });
    this.lastSave = performance.now();
    this.lastSavedExamples = this.state.examples;
    if (parallelism.rank > 0) return;
    this.noteBest(folder, this.state);
    await pruneCheckpoints(runFolder, settings.keepCheckpoints, this.best?.folder ?? null);
    this.hooks.onCheckpoint(folder);
  }

  private noteBest(folder: string, { evalLoss }: TrainerState): void {
    if (evalLoss !== null && evalLoss < (this.best?.loss ?? Infinity)) {
      this.best = { loss: evalLoss, folder };
    }
  }

  private dispose(): void {
    const { weights, adapted, reference, optimizer, steps } = this.trained;
    tf.dispose(weights);
    if (adapted) tf.dispose(adapted.base);
    else if (this.moving) this.moving.dispose();
    else if (reference) tf.dispose(reference);
    optimizer.dispose();
    steps.dispose();
  }
}

const progressNote = (loss: number, tokensPerSecond: number, peakBytes: number): string =>
  `loss ${loss.toPrecision(3)}, ${tokensPerSecond.toFixed(0)} tokens/s, ` +
  `${(peakBytes / 2 ** 30).toFixed(1)} GiB`;
