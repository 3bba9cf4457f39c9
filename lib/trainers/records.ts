/**
 * What a run writes for people: metrics, TensorBoard's event files, samples.
 *
 * @module
 */
import { join } from "node:path";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import type { Tokenizer } from "@/lib/models/tokenizer.ts";
import { EventFiles } from "@/lib/trainers/event-files.ts";
import { LinesFile, type MetricsLine } from "@/lib/trainers/metrics.ts";
import type { SampleLine } from "@/lib/trainers/samples.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

/** Where {@link RunRecords.keepBatch} keeps it. */
export const keptBatch = (runFolder: string): string => join(runFolder, "non-finite-batch.jsonl");

/** The files of one run. Of several processes only the first has them. */
export class RunRecords {
  private readonly lines: LinesFile;
  private readonly events: EventFiles;
  private readonly samples: LinesFile<SampleLine> | null;

  /**
   * @param examples where the run goes on: what was written later is cut off
   * @param sampling whether samples are written
   */
  constructor(private readonly folder: string, examples: number, sampling: boolean) {
    this.lines = new LinesFile(join(folder, "metrics.jsonl"), examples);
    this.events = new EventFiles(join(folder, "tensorboard"), this.lines.kept);
    this.samples = sampling ? new LinesFile(join(folder, "samples.jsonl"), examples) : null;
  }

  metrics(line: MetricsLine): void {
    this.lines.write(line);
    this.events.write(line);
  }

  sample(line: SampleLine): void {
    this.samples?.write(line);
  }

  /** Keeps a batch that no update could be made of, to look at. */
  async keepBatch(pairs: readonly TokenizedPair[], tokenizer: Tokenizer): Promise<void> {
    const lines = pairs.map((pair) => {
      const [chosen, rejected] = [pair.chosen, pair.rejected].map(({ ids, start }) => ({
        ids,
        start,
        text: tokenizer.decode(ids),
      }));
      return JSON.stringify({ ...pair, chosen, rejected }) + "\n";
    });
    await writeFileWhole(keptBatch(this.folder), lines.join(""));
  }

  close(): void {
    this.lines.close();
    this.events.close();
    this.samples?.close();
  }
}
