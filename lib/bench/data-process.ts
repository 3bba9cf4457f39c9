/**
 * One of the readings of data.ts: what `deno task train` does with its data, without a model's weights. Prints a
 * {@link DataProcessResult}. Arguments: the file, the folder for what is kept, how many pairs are looked at as tokens.
 */
import { batches } from "@/lib/datasets/batches.ts";
import { describeData } from "@/lib/datasets/describe.ts";
import { openDatasets, readExamples } from "@/lib/datasets/load.ts";
import { openModel } from "@/lib/models/source.ts";
import { peakMemoryBytes } from "@/lib/trainers/metrics.ts";

/** What one process took. */
export interface DataProcessResult {
  pairs: number;
  /** Until the examples were there, until all texts were looked through, and until the batches were drawn. */
  seconds: { read: number; checked: number; batches: number };
  /** Of the process, with a tokenizer. */
  peakBytes: number;
}

/** Pairs of batches that are drawn, from all over the data. */
const DRAWN = 512;

const [file, cacheFolder, looked] = Deno.args, start = performance.now();
const since = () => (performance.now() - start) / 1000;
const source = await openModel("smollm2");
const datasets = await openDatasets([file], { cacheFolder });
const { examples, sources } = await readExamples(datasets, "train");
const { examples: held } = await readExamples(datasets, "test");
const read = since();
const options = { batchSize: 8, maxLength: 512, maxPromptLength: 256, nExamples: DRAWN };
describeData(examples, source.tokenizer, { ...options, held, limit: Number(looked) });
const checked = since();
for await (const _ of batches(examples, source.tokenizer, options));
const result: DataProcessResult = {
  pairs: sources[0].pairs,
  seconds: { read, checked, batches: since() },
  peakBytes: peakMemoryBytes(),
};
source.close();
console.log(JSON.stringify(result));
