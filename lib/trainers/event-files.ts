/**
 * TensorBoard's event files, written by TensorFlow's own operations.
 *
 * @module
 */
import { attr, DataType, effect, op, tf } from "@/lib/tensorflow/mod.ts";
import type { MetricsLine } from "@/lib/trainers/metrics.ts";

/** Lines that TensorFlow keeps at most before it writes them, and for how long. */
const MAX_QUEUE = 100, FLUSH_MILLISECONDS = 10_000;
/** What lines say beside metrics. */
const COUNTERS = ["examples", "updates"];

/**
 * The metrics of a run as scalars over the examples seen. `tensorboard --logdir runs` shows all runs beside each
 * other.
 */
export class EventFiles {
  private readonly writer: tf.Tensor;

  /**
   * @param folder emptied first: after an interruption the lines before it are written again, and none after it stay
   * @param before lines of the run so far
   */
  constructor(folder: string, before: readonly MetricsLine[]) {
    try {
      Deno.removeSync(folder, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    Deno.mkdirSync(folder, { recursive: true });
    this.writer = tf.keep(op("SummaryWriter", [
      attr.string("shared_name", folder),
      attr.string("container", ""),
    ], []));
    const inputs = [
      text(folder),
      tf.scalar(MAX_QUEUE, "int32"),
      tf.scalar(FLUSH_MILLISECONDS, "int32"),
      text(""),
    ];
    effect("CreateSummaryFileWriter", [], [this.writer, ...inputs]);
    tf.dispose(inputs);
    before.forEach((line) => this.write(line));
  }

  /** Writes every number of a line. */
  write(line: MetricsLine): void {
    tf.tidy(() => {
      const step = op("Cast", [
        attr.type("SrcT", DataType.int32),
        attr.type("DstT", DataType.int64),
        attr.bool("Truncate", false),
      ], [tf.scalar(line.examples, "int32")]);
      for (const [name, value] of Object.entries(line)) {
        if (typeof value !== "number" || COUNTERS.includes(name)) continue;
        effect(
          "WriteScalarSummary",
          [attr.type("T", DataType.float32)],
          [this.writer, step, text(name), tf.scalar(value)],
        );
      }
    });
  }

  close(): void {
    effect("CloseSummaryWriter", [], [this.writer]);
    this.writer.dispose();
  }
}

const text = (value: string): tf.Tensor => tf.tensor([value], [], "string");
