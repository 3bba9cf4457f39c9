/** What the documentation's commands find where they are run: small things under the names that they use. */
import { join } from "node:path";
import { publishFolder } from "@/lib/publish/publish-folder.ts";
import { labeledDatabase } from "@/tests/datasets/database.ts";
import { saveTinyModel } from "@/tests/trainers/tiny-model.ts";

/** How many questions have a labeled pair. */
const QUESTIONS = 48;

/** What commands that train leave open, so that they train little; the model is a tiny one under any name. */
export const TINY: Readonly<Record<string, string>> = {
  CODEPREF_MODEL_NAME_OR_PATH: "models/tiny",
  CODEPREF_N_EXAMPLES: "32",
  CODEPREF_N_EVAL_EXAMPLES: "4",
  CODEPREF_EVAL_BATCH_SIZE: "4",
  CODEPREF_SAMPLE_DURING_EVAL: "false",
  CODEPREF_WARMUP_STEPS: "0",
  CODEPREF_PRECISION: "fp32",
};

/** Run folders that the documentation speaks of. */
export const RUNS = {
  sft: "runs/sft_2026-01-31_12-00-00",
  dpo: "runs/dpo_2026-01-31_12-00-00",
  lora: "runs/lora_2026-01-31_12-00-00",
};

/** Makes database, dataset, model, pairs and answers in a copy of the project; runs are trained by the caller. */
export async function makeWorld(copy: string): Promise<void> {
  const db = join(copy, "data/codepref.duckdb");
  await Deno.mkdir(join(copy, "data"));
  await labeledDatabase(db, QUESTIONS);
  await publishFolder(db, join(copy, "data/datasets/lc"));
  for (const name of ["quickstart", "notebooks"]) {
    await Deno.copyFile(db, join(copy, `data/${name}.duckdb`));
  }
  await Deno.symlink("lc", join(copy, "data/datasets/notebooks"));
  // Three key/value heads, as SmolLM2 has: what is divided by three there is here.
  await saveTinyModel(join(copy, "models/tiny"), {
    hidden_size: 24,
    num_attention_heads: 6,
    num_key_value_heads: 3,
    intermediate_size: 48,
  });
  const fixtures = join(copy, "tests/fixtures");
  await Deno.copyFile(join(fixtures, "pairs.jsonl"), join(copy, "pairs.jsonl"));
  await Deno.copyFile(join(fixtures, "answers.jsonl"), join(copy, "answers.jsonl"));
}
