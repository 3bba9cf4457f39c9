/** Batches equal those of the reference's Python, which tests/oracles/oracle_datasets.py has computed. */
import assert from "node:assert/strict";
import { batches } from "@/lib/datasets/batches.ts";
import { openDatasets, readExamples } from "@/lib/datasets/load.ts";
import { stripHtml } from "@/lib/datasets/strip-html.ts";
import type { Split } from "@/lib/datasets/folder.ts";
import type { Sequence } from "@/lib/datasets/types.ts";
import { byteTokenizer } from "./byte-tokenizer.ts";

interface Run {
  settings: {
    names: string[];
    split: Split;
    batch_size: number;
    max_length: number;
    max_prompt_length: number;
    sft_mode: boolean;
    shuffle: boolean;
    seed: number;
    n_epochs?: number;
    n_examples?: number;
  };
  batches: { prompt: string; chosen: Sequence; rejected?: Sequence }[][];
}

const fixtures = new URL("../fixtures/", import.meta.url);
const golden: { html: [string, string][]; runs: Record<string, Run> } = JSON.parse(
  await Deno.readTextFile(new URL("oracles/datasets.json", fixtures)),
);
const local = (name: string) => `${name}+path=${new URL(`datasets/${name}`, fixtures).pathname}`;

async function batchesOf({ settings }: Run): Promise<Run["batches"]> {
  const { examples } = await readExamples(
    await openDatasets(settings.names.map(local)),
    settings.split,
  );
  const drawn = batches(examples, byteTokenizer, {
    batchSize: settings.batch_size,
    maxLength: settings.max_length,
    maxPromptLength: settings.max_prompt_length,
    sftMode: settings.sft_mode,
    shuffle: settings.shuffle,
    seed: settings.seed,
    nEpochs: settings.n_epochs,
    nExamples: settings.n_examples,
  });
  return await Array.fromAsync(
    drawn,
    ({ pairs }) =>
      pairs.map(({ prompt, chosen, rejected }) =>
        settings.sft_mode ? { prompt, chosen } : { prompt, chosen, rejected }
      ),
  );
}

for (const [name, run] of Object.entries(golden.runs)) {
  Deno.test(`the reference's batches: ${name}`, async () => {
    assert.deepEqual(await batchesOf(run), run.batches);
  });
}

Deno.test("HTML is stripped as BeautifulSoup strips it there", () => {
  for (const [html, text] of golden.html) assert.equal(stripHtml(html), text, html);
});
