/**
 * BasicTrainer: one process, one device. SFT and preference losses on full weights.
 *
 * @module
 */
import { join } from "node:path";
import { jit, tf, version } from "@/lib/tensorflow/mod.ts";
import {
  batches,
  countExamples,
  examplesPerEpoch,
  type FlatExample,
} from "@/lib/datasets/batches.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { InputError, OperationError } from "@/lib/errors.ts";
import type { LayoutKind } from "@/lib/models/layout.ts";
import type { Precision } from "@/lib/models/precision.ts";
import type { ModelSource } from "@/lib/models/source.ts";
import { frozenWeights, loadWeights, type Weights } from "@/lib/models/weights.ts";
import {
  listCheckpoints,
  pruneCheckpoints,
  restoreOptimizer,
  saveCheckpoint,
  type TrainerState,
  verifyCheckpoint,
} from "@/lib/trainers/checkpoint.ts";
import { disposeLayout, evaluate, readResults } from "@/lib/trainers/evaluate.ts";
import {
  MetricsFile,
  type MetricsLine,
  MetricSums,
  peakMemoryBytes,
} from "@/lib/trainers/metrics.ts";
import { clipFactor, learningRate, Optimizer } from "@/lib/trainers/optimizers.ts";
import { settingsHash, type TrainSettings } from "@/lib/trainers/settings.ts";
import { Steps } from "@/lib/trainers/step.ts";

/** What a run is made of, opened and checked. */
export interface TrainInput {
  settings: TrainSettings;
  /** Where the weights come from: the model, or the archive. */
  source: ModelSource;
  train: FlatExample[];
  /** Held-out pairs, tokenised. */
  held: TokenizedPair[];
  precision: Precision;
  layout: LayoutKind;
  runFolder: string;
  checkpoint: string | null;
}

/** How a run is followed. */
export interface TrainHooks {
  signal: AbortSignal;
  /** Told the run folder, before the first evaluation. */
  onStart: (folder: string) => void;
  onProgress: (done: number, total: number, note?: string) => void;
  onMetrics: (line: MetricsLine) => void;
  onCheckpoint: (folder: string) => void;
  /** After each evaluation, when metrics and checkpoint are on disk. */
  onEvaluation: () => Promise<void>;
  log: (line: string) => void;
}

const globalNorm = jit(
  (gradients: Weights) =>
    tf.sqrt(tf.addN(Object.values(gradients).map((g) => tf.sum(tf.square(g))))),
  { name: "global_norm" },
);

export class BasicTrainer {
  private weights: Weights = {};
  private reference: Weights | null = null;
  private optimizer!: Optimizer;
  private steps!: Steps;
  private state: TrainerState;
  private readonly evalReference = new Map<number, Float32Array>();
  private best: { loss: number; folder: string } | null = null;
  private checked: boolean;
  private startedAt = 0;
  private lastSave = 0;
  private lastSavedExamples: number;

  constructor(private readonly input: TrainInput, private readonly hooks: TrainHooks) {
    this.state = {
      examples: 0,
      updates: 0,
      seconds: 0,
      evalLoss: null,
      settingsHash: settingsHash(input.settings),
      precision: input.precision,
      finished: false,
    };
    this.checked = false;
    this.lastSavedExamples = -1;
  }

  /**
   * Trains to the end, or until the signal; either way the last state is saved.
   * @returns where the run ended
   */
  async run(): Promise<TrainerState> {
    const { settings, runFolder } = this.input;
    await this.load();
    if (this.state.finished) return this.state;
    const metrics = new MetricsFile(join(runFolder, "metrics.jsonl"), this.state.examples);
    this.startedAt = this.lastSave = performance.now();
    try {
      const done = await this.loop(metrics);
      if (done && this.input.held.length > 0 && this.state.evalLoss === null) {
        await this.evaluate(metrics);
      }
      this.state.finished = done;
      if (!settings.debug && (done || this.state.examples !== this.lastSavedExamples)) {
        await this.save();
      }
      this.hooks.signal.throwIfAborted();
      return this.state;
    } finally {
      metrics.close();
      this.dispose();
    }
  }

  private async load(): Promise<void> {
    const { settings, source, precision, layout, checkpoint } = this.input;
    this.weights = await loadWeights(source);
    if (settings.loss.name !== "sft") this.reference = frozenWeights(this.weights, precision);
    this.optimizer = new Optimizer(settings.optimizer, this.weights);
    this.steps = new Steps(source.config, this.weights, settings.loss, layout, precision);
    if (!checkpoint) return;
    this.state = await verifyCheckpoint(checkpoint);
    this.lastSavedExamples = this.state.examples;
    this.checked = true;
    if (this.state.finished) return;
    const { openModel } = await import("@/lib/models/source.ts");
    const saved = await openModel(join(checkpoint, "policy"));
    tf.dispose(this.weights);
    this.weights = await loadWeights(saved);
    saved.close();
    restoreOptimizer(checkpoint, this.optimizer);
    this.hooks.log(`resumed from ${checkpoint} after ${this.state.examples} examples`);
    for (const folder of listCheckpoints(this.input.runFolder)) {
      this.noteBest(folder, await verifyCheckpoint(folder));
    }
  }

  /** @returns false when the signal came */
  private async loop(metrics: MetricsFile): Promise<boolean> {
    const { settings, train, source } = this.input;
    const sftMode = settings.loss.name === "sft";
    const options = {
      batchSize: settings.batchSize,
      maxLength: settings.maxLength,
      maxPromptLength: settings.maxPromptLength,
      promptFormat: settings.promptFormat,
      seed: settings.seed,
      sftMode,
      nEpochs: settings.nEpochs ?? undefined,
      nExamples: settings.nExamples ?? undefined,
    };
    const total = Math.min(
      settings.nEpochs === null ? Infinity : settings.nEpochs * examplesPerEpoch(train, options),
      settings.nExamples ?? Infinity,
    );
    if (countExamples(train, sftMode) === 0) {
      throw new InputError("The training set holds no examples.");
    }
    const evalEvery = roundEvalEvery(settings, this.hooks.log);
    let logged = -Infinity,
      sums = new MetricSums(),
      tokens = 0,
      examples = 0,
      since = performance.now();

    for await (
      const batch of batches(train, source.tokenizer, {
        ...options,
        skipExamples: this.state.examples,
      })
    ) {
      if (this.hooks.signal.aborted) return false;
      const due = this.state.examples % evalEvery === 0 &&
        (this.state.examples > 0 || settings.doFirstEval);
      if (due && this.input.held.length > 0 && this.state.examples !== this.lastSavedExamples) {
        await this.evaluate(metrics);
        if (this.state.examples > 0 && !settings.debug) await this.save();
        since = performance.now();
      }
      this.state.evalLoss = null;
      const { norm, lr } = await this.update(batch.pairs, sums);
      tokens += batch.pairs.reduce(
        (n, p) => n + p.chosen.ids.length + (sftMode ? 0 : p.rejected.ids.length),
        0,
      );
      examples += batch.pairs.length;
      const now = performance.now();
      if ((now - logged) / 1000 >= settings.minimumLogIntervalSecs) {
        this.writeMetrics(metrics, {
          ...sums.means(),
          grad_norm: norm,
          lr,
          examples_per_second: examples / ((now - since) / 1000),
          tokens_per_second: tokens / ((now - since) / 1000),
        });
        [logged, sums, tokens, examples, since] = [now, new MetricSums(), 0, 0, now];
      }
      this.hooks.onProgress(this.state.examples, total);
      if (this.saveDue()) {
        await this.save();
        since = performance.now();
      }
    }
    return true;
  }

  /** One update of the weights from one batch. */
  private async update(
    pairs: TokenizedPair[],
    sums: MetricSums,
  ): Promise<{ norm: number; lr: number }> {
    const { settings } = this.input;
    const size = pairs.length / settings.gradientAccumulationSteps;
    let gradients: Weights | null = null;
    for (let at = 0; at < pairs.length; at += size) {
      const micro = await this.gradientsOf(pairs.slice(at, at + size), sums);
      if (!gradients) gradients = micro;
      else {
        for (const name of Object.keys(gradients)) {
          const sum: tf.Tensor = tf.add(gradients[name], micro[name]);
          tf.dispose([gradients[name], micro[name]]);
          gradients[name] = sum;
        }
      }
    }
    const normTensor = await globalNorm.async(gradients!);
    const norm = normTensor.dataSync()[0];
    normTensor.dispose();
    if (!Number.isFinite(norm)) {
      throw new OperationError(
        `The gradient of update ${
          this.state.updates + 1
        } is not finite (${norm}); lower lr= or raise warmup_steps=. ` +
          `Its pairs: ${pairs.map((p) => p.id).join(", ")}.`,
      );
    }
    const lr = learningRate(settings.lr, settings.warmupSteps, this.state.updates);
    this.optimizer.apply(
      this.weights,
      gradients!,
      lr,
      clipFactor(norm, settings.maxGradNorm),
      this.state.updates + 1,
    );
    this.state.updates++;
    this.state.examples += pairs.length;
    return { norm, lr };
  }

  private async gradientsOf(pairs: TokenizedPair[], sums: MetricSums): Promise<Weights> {
    const tensors = this.steps.place(pairs);
    const known = this.reference ? await this.steps.logps(this.reference, tensors) : null;
    const scale = 1 / this.input.settings.gradientAccumulationSteps;
    const { gradients, examples, logps } = await this.steps.gradients(
      this.weights,
      tensors,
      known,
      scale,
    );
    if (known && !this.checked) {
      checkReference(
        logps.dataSync() as Float32Array,
        known.dataSync() as Float32Array,
        this.input.precision,
      );
    }
    this.checked = true;
    logps.dispose();
    known?.dispose();
    disposeLayout(tensors);
    sums.add("train", readResults(examples));
    return gradients;
  }

  private async evaluate(metrics: MetricsFile): Promise<void> {
    const { held, settings } = this.input;
    const means = await evaluate(
      this.steps,
      this.weights,
      this.reference,
      held,
      settings.evalBatchSize,
      this.evalReference,
      (done, total) =>
        this.hooks.onProgress(this.state.examples, Infinity, `evaluating ${done}/${total}`),
    );
    this.state.evalLoss = means["loss/eval"];
    this.writeMetrics(metrics, means);
    await this.hooks.onEvaluation();
  }

  private writeMetrics(metrics: MetricsFile, values: Record<string, number>): void {
    const line = {
      examples: this.state.examples,
      updates: this.state.updates,
      time: new Date().toISOString(),
      "counters/examples": this.state.examples,
      "counters/updates": this.state.updates,
      ...values,
      peak_memory_bytes: peakMemoryBytes(),
    };
    metrics.write(line);
    this.hooks.onMetrics(line);
  }

  private saveDue(): boolean {
    const { saveEvery, saveEveryMinutes, debug } = this.input.settings;
    if (debug) return false;
    if (saveEvery && this.state.examples % saveEvery < this.input.settings.batchSize) return true;
    return performance.now() - this.lastSave >= saveEveryMinutes * 60_000;
  }

  private async save(): Promise<void> {
    const { source, settings, runFolder } = this.input;
    const now = performance.now();
    this.state.seconds += (now - this.startedAt) / 1000;
    this.startedAt = now;
    const { config, tokenizer } = source;
    const folder = await saveCheckpoint(runFolder, {
      config,
      tokenizer,
      weights: this.weights,
      optimizer: this.optimizer,
      state: this.state,
    });
    this.lastSave = performance.now();
    this.lastSavedExamples = this.state.examples;
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
    tf.dispose(this.weights);
    if (this.reference) tf.dispose(this.reference);
    this.optimizer.dispose();
    this.steps.dispose();
  }
}

/** Versions of what computed the numbers, for config.json. */
export const engineVersions = (): Record<string, string> => ({
  deno: Deno.version.deno,
  tensorflow: version(),
  tfjs: tf.version_core,
});

function roundEvalEvery(
  { evalEvery, batchSize }: TrainSettings,
  log: (line: string) => void,
): number {
  if (evalEvery % batchSize === 0) return evalEvery;
  const rounded = Math.max(batchSize, evalEvery - evalEvery % batchSize);
  log(
    `eval_every=${evalEvery} is no multiple of batch_size=${batchSize}; evaluating every ${rounded} examples`,
  );
  return rounded;
}

/** How far policy and reference may be apart before the first update, relative to max(1, |log-prob|). */
const REFERENCE_TOLERANCE: Record<Precision, number> = { fp32: 1e-3, bf16: 1e-2 };

function checkReference(policy: Float32Array, reference: Float32Array, precision: Precision): void {
  policy.forEach((logp, i) => {
    const difference = Math.abs(logp - reference[i]) / Math.max(1, Math.abs(reference[i]));
    if (difference <= REFERENCE_TOLERANCE[precision]) return;
    throw new OperationError(
      `Before the first update policy and reference give sequence ${i} the log-probs ${logp} and ${
        reference[i]
      }; ` +
        `they have to be the same model computed the same way. Try precision=fp32.`,
    );
  });
}
