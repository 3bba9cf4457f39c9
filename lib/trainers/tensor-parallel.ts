/**
 * Matrices divided among processes, "tensor parallelism": Shoeybi et al. 2019 (arXiv 1909.08053).
 *
 * Every process computes all rows of a batch, with some of the heads and some of the columns of the feed-forward block:
 * queries, keys, values, gate and up are divided by outputs, what follows them by inputs, whose results are summed. Of
 * the vocabulary it has some tokens. Norms, and what lies between the blocks, are the same in all.
 *
 * @module
 */
import { customGradMany, DataType, dtypeOf, tf, together } from "@/lib/tensorflow/mod.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { InputError, OperationError } from "@/lib/errors.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import type { Weight } from "@/lib/models/export.ts";
import { concat } from "@/lib/models/kernels.ts";
import { toCompute, toFp32 } from "@/lib/models/precision.ts";
import type { TensorShare } from "@/lib/models/tensor-share.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { globalNorm } from "@/lib/trainers/gradients.ts";
import type { Read, Shapes } from "@/lib/trainers/parallelism.ts";
import { ProcessGroup } from "@/lib/trainers/process-group.ts";
import type { AdaptedBase } from "@/lib/trainers/replicated-adapters.ts";
import { cut, put, type Stretch, stretchOf } from "@/lib/trainers/stretches.ts";

/** What is divided by outputs, or tokens: rows of [outputs, inputs]. */
const BY_ROWS = /\.(?:q|k|v|gate|up)_proj\.weight$|^(?:model\.embed_tokens|lm_head)\.weight$/;
/** What is divided by inputs. */
const BY_COLUMNS = /\.(?:o|down)_proj\.weight$/;
/** Of adapters what goes with the outputs, or the inputs, that a process has: the other half meets all of them. */
const ADAPTERS_BY_ROWS = /\.(?:q|k|v|gate|up)_proj\.lora_B\.weight$/;
const ADAPTERS_BY_COLUMNS = /\.(?:o|down)_proj\.lora_A\.weight$/;

/** Keys of collectives: of whole tensors, of what is agreed on, and from here on of steps. */
const WHOLE = 1, AGREEMENT = 1_000_000, STEPS = 100_000_000;
/** How many functions there are, see {@link TensorParallel.numbered}, and how many collectives of a kind each has. */
const FUNCTIONS = 4, PLACES = 1024;
/** What collectives are of: the stream between blocks, two or three numbers of each scored row, what is of no rows. */
const KINDS = 4, STREAM = 0, SINGLE = 3;
const kindOfScores = (numbers: number) => numbers - 1;
const LAST_KEY = 2 ** 31 - 1;

/**
 * @throws InputError for a model that cannot be divided among so many processes
 */
export function checkDivisible(config: DecoderConfig, world: number): void {
  const { biased, joined, headNorms } = config.differences ?? {};
  if (biased || joined || headNorms) {
    throw new InputError(
      `trainer=TensorParallelTrainer divides no biases, joined matrices and norms of heads, which a ${config.architecture} ` +
        "model has; take FSDPTrainer.",
    );
  }
  const counts = {
    num_attention_heads: config.num_attention_heads,
    num_key_value_heads: config.num_key_value_heads,
    intermediate_size: config.intermediate_size,
  };
  const odd = Object.entries(counts).find(([, count]) => count % world !== 0);
  if (!odd) return;
  throw new InputError(
    `trainer=TensorParallelTrainer cannot divide this model's ${odd[0]}=${
      odd[1]
    } by devices=${world}; take a ` +
      `number that divides ${Object.values(counts).join(", ")} (${
        Object.keys(counts).join(", ")
      }).`,
  );
}

/**
 * What one of `world` processes computes: a model with some of the heads, of the columns of the feed-forward block and
 * of the tokens. Tokens need not be a multiple; the first process has the fewest.
 */
export const localConfig = (config: DecoderConfig, world: number, rank = world - 1) => ({
  ...config,
  num_attention_heads: config.num_attention_heads / world,
  num_key_value_heads: config.num_key_value_heads / world,
  intermediate_size: config.intermediate_size / world,
  vocab_size: stretchOf(config.vocab_size, world, rank).count,
});

/** Divides a model's matrices among `world` processes, of which this one is `rank`. */
export class TensorParallel implements AdaptedBase {
  readonly divided = true;
  readonly gathers = false;
  /** One layer's collectives wait for the ones before, so that all layers may use the same. */
  readonly alike = true;
  readonly batchShares = 1;
  readonly share: TensorShare;
  private readonly group: ProcessGroup;
  private readonly names: string[];
  private function = 0;
  /** How often collectives of each kind were asked for in the function that is traced. */
  private asked = new Map<number, number>();

  /**
   * @param shapes of the model's tensors
   */
  constructor(
    private readonly shapes: Shapes,
    readonly rank: number,
    readonly world: number,
  ) {
    this.names = [...shapes.keys()];
    this.group = new ProcessGroup(rank, world, AGREEMENT);
    this.share = this.makeShare();
  }

  private makeShare(): TensorShare {
    const [tokens] = this.shapes.get("model.embed_tokens.weight")!;
    /** One sum of all parts, in their precision: the collectives of a layer so wait for each other. */
    const summed = (parts: tf.Tensor[]) => {
      const precision = dtypeOf(parts[0]) === DataType.bfloat16 ? "bf16" : "fp32";
      const all = toCompute(this.sumStream(toFp32(concat(parts, 0))), precision);
      return parts.length === 1 ? [all.clone()] : tf.split(all, parts.length, 0);
    };
    return {
      rank: this.rank,
      world: this.world,
      firstToken: stretchOf(tokens, this.world, this.rank).from,
      enter: (x_NC) =>
        customGradMany((...parts) => ({
          values: parts.map((x) => x.clone()),
          saved: [],
          gradients: (dys) => together(parts.length, () => summed(dys)),
        }))(...x_NC),
      leave: (y_NC) =>
        customGradMany((...parts) => ({
          values: summed(parts),
          saved: [],
          gradients: (dys) => dys.map((dy) => () => dy.clone()),
        }))(...y_NC),
      gather: (x_MI) => {
        const [rows, numbers] = x_MI.shape as number[];
        const key = this.stepKey(kindOfScores(numbers), rows);
        return tf.reshape(this.group.gatherAll(x_MI, key), [this.world, rows, numbers]);
      },
    };
  }

  /**
   * Runs the body of a traced function. Its collectives are numbered by their order, which is the same in all
   * processes, since all compute the same rows.
   *
   * @param number another one for each function, below {@link FUNCTIONS}
   */
  numbered<R>(number: number, body: () => R): R {
    this.function = number;
    this.asked = new Map();
    return body();
  }

  localConfig(config: DecoderConfig): DecoderConfig {
    return localConfig(config, this.world, this.rank);
  }

  deviceOf(): null {
    return null;
  }

  place<R>(_: number, run: () => R): R {
    return run();
  }

  gather(own: Weights): Weights {
    return own;
  }

  shares(pairs: TokenizedPair[]): TokenizedPair[][] {
    return [pairs];
  }

  open(weights: Weights): Weights {
    return weights;
  }

  reduce(gradients: Weights): Weights {
    return gradients;
  }

  /** Parts of matrices are summed over the processes; what all have alike counts once. */
  norm(gradients: Weights): tf.Tensor {
    const squares = (divided: boolean) => {
      const found = Object.entries(gradients).filter(([name]) => isDivided(name) === divided);
      return tf.square(globalNorm(found.map(([, gradient]) => gradient)));
    };
    const own = tf.reshape(squares(true), [1]);
    return tf.sqrt(tf.add(tf.reshape(this.sum(own), []), squares(false)));
  }

  /** Sum of all processes' numbers, as many in every step. */
  sum(values: tf.Tensor): tf.Tensor {
    return this.group.reduceAll(values, this.stepKey(SINGLE, 1));
  }

  adapterAxis(name: string): 0 | 1 | null {
    return ADAPTERS_BY_ROWS.test(name) ? 0 : ADAPTERS_BY_COLUMNS.test(name) ? 1 : null;
  }

  collect(values: tf.Tensor1D): tf.Tensor1D {
    return values;
  }

  agree(values: number[]): Promise<number[]> {
    return this.group.agree(values);
  }

  kept(whole: Shapes): Shapes {
    return new Map([...whole].map(([name, shape]) => {
      const part = this.partOf(name, shape);
      return [name, part ? shape.map((n, axis) => axis === part.axis ? part.count : n) : shape];
    }));
  }

  async *part(kept: string[], read: Read): AsyncGenerator<[string, Float32Array]> {
    for (const name of kept) {
      const values = await read(name), shape = this.shapes.get(name)!;
      const part = this.partOf(name, shape);
      yield [name, part ? cut(values, shape, part) : values];
    }
  }

  async *whole(kept: string[], take: (name: string) => tf.Tensor): AsyncGenerator<Weight> {
    for (const name of kept) {
      const own = take(name), shape = this.shapes.get(name)!;
      const gathered = isDivided(name) ? this.gathered(name, own, shape) : own.clone();
      const values = await gathered.data() as Float32Array;
      tf.dispose([own, gathered]);
      yield { name, shape, data: isDivided(name) ? this.joined(name, values, shape) : values };
    }
  }

  /** All processes' parts of a tensor one after the other, filled up to the largest. */
  private gathered(name: string, own: tf.Tensor, shape: number[]): tf.Tensor {
    const size = this.largestPart(name, shape);
    return tf.tidy(() => {
      const flat = tf.pad(tf.reshape(own, [-1]), [[0, size - own.size]]);
      return this.group.gatherAll(flat, WHOLE + this.names.indexOf(name));
    });
  }

  private joined(name: string, values: Float32Array, shape: number[]): Float32Array {
    const whole = new Float32Array(sizeOf(shape)), size = this.largestPart(name, shape);
    for (let rank = 0; rank < this.world; rank++) {
      put(whole, shape, this.partOf(name, shape, rank)!, values.subarray(rank * size));
    }
    return whole;
  }

  private largestPart(name: string, shape: number[]): number {
    const { axis, count } = this.partOf(name, shape, this.world - 1)!;
    return count * shape[1 - axis];
  }

  /** What a process has of a tensor; null for all of it. */
  private partOf(name: string, shape: number[], rank = this.rank): Stretch | null {
    if (!isDivided(name)) return null;
    const axis = BY_ROWS.test(name) ? 0 : 1;
    return { axis, ...stretchOf(shape[axis], this.world, rank) };
  }

  private sumStream(x_NC: tf.Tensor): tf.Tensor {
    return this.group.reduceAll(x_NC, this.stepKey(STREAM, x_NC.shape[0]));
  }

  /** Another key for each place of a function and each number of rows. */
  private stepKey(kind: number, rows: number): number {
    const place = this.asked.get(kind) ?? 0;
    this.asked.set(kind, place + 1);
    if (place === PLACES) throw new RangeError(`more than ${PLACES} collectives in one function`);
    const key = STEPS + ((rows * KINDS + kind) * FUNCTIONS + this.function) * PLACES + place;
    if (key > LAST_KEY) {
      throw new OperationError(
        `${rows} rows at once are too many for trainer=TensorParallelTrainer; raise gradient_accumulation_steps=.`,
      );
    }
    return key;
  }
}

const isDivided = (name: string): boolean => BY_ROWS.test(name) || BY_COLUMNS.test(name);

const sizeOf = (shape: number[]): number => shape.reduce((a, b) => a * b, 1);
