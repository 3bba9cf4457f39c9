/** The command lines of the reference's README, with `python -u train.py` replaced by `deno task train`. */
import assert from "node:assert/strict";
import { parseSettings } from "@/lib/cli/core/settings.ts";
import { TRAIN_KEYS, TRAIN_PRESETS } from "@/lib/cli/train-keys.ts";
import { trainSettings } from "@/lib/cli/train-settings.ts";
import { InputError } from "@/lib/errors.ts";
import { fromFileUrl } from "@/lib/tensorflow/paths.ts";

const SFT =
  "model=pythia69 datasets=[hh] loss=sft exp_name=anthropic_dpo_pythia69 gradient_accumulation_steps=2 batch_size=64 " +
  "eval_batch_size=32 trainer=FSDPTrainer sample_during_eval=false";
const DPO =
  "model=pythia69 datasets=[hh] loss=dpo loss.beta=0.1 model.archive=/path/to/checkpoint/from/sft/step-XXXX/policy.pt " +
  "exp_name=anthropic_dpo_pythia69 gradient_accumulation_steps=2 batch_size=32 eval_batch_size=32 trainer=FSDPTrainer " +
  "sample_during_eval=false";
const SFT_28 = SFT.replaceAll("pythia69", "pythia28") + " model.fsdp_policy_mp=bfloat16";
const DPO_28 =
  "model=pythia28 datasets=[hh] loss=dpo loss.beta=0.1 exp_name=anthropic_dpo_pythia28 gradient_accumulation_steps=2 " +
  "batch_size=64 eval_batch_size=32 trainer=FSDPTrainer sample_during_eval=false model.fsdp_policy_mp=bfloat16 " +
  "model.archive=/path/to/archive/from/sft/LATEST/policy.pt";
const CUSTOM =
  "model=blank_model model.name_or_path=/PATH/TO/LLAMA/WEIGHTS model.block_name=LlamaDecoderLayer datasets=[hh,shp] " +
  "loss=sft exp_name=anthropic_shp_sft_llama_7b gradient_accumulation_steps=2 batch_size=64 eval_batch_size=32 " +
  "trainer=FSDPTrainer sample_during_eval=false";

const spec = {
  name: "train",
  summary: "",
  examples: [],
  keys: TRAIN_KEYS,
  presets: TRAIN_PRESETS,
} as const;
const settings = (words: string) => trainSettings(parseSettings(spec, words.split(" "), {}).values);

/** What no command says: the defaults of the reference's config.yaml. */
const DEFAULTS = {
  seed: 0,
  lr: 5e-7,
  maxGradNorm: 10,
  maxLength: 512,
  maxPromptLength: 256,
  nEpochs: 1,
  nExamples: null,
  nEvalExamples: 256,
  optimizer: "RMSprop",
  warmupSteps: 150,
  activationCheckpointing: false,
  evalEvery: 20_000,
  minimumLogIntervalSecs: 1,
  doFirstEval: true,
  nEvalModelSamples: 16,
  debug: false,
};
const COMMON = {
  ...DEFAULTS,
  trainer: "FSDPTrainer",
  gradientAccumulationSteps: 2,
  batchSize: 64,
  evalBatchSize: 32,
  sampleDuringEval: false,
};

function assertSettings(words: string, expected: Record<string, unknown>): void {
  const found = settings(words) as unknown as Record<string, unknown>;
  const picked = Object.fromEntries(Object.keys(expected).map((key) => [key, found[key]]));
  assert.deepEqual(picked, expected);
}

Deno.test("the SFT commands mean what they mean there", () => {
  const hh = { ...COMMON, datasets: ["hh"], archive: null };
  assertSettings(SFT, {
    ...hh,
    model: "EleutherAI/pythia-6.9b",
    architecture: "gpt_neox",
    expName: "anthropic_dpo_pythia69",
    precision: "auto",
  });
  assertSettings(SFT_28, {
    ...hh,
    model: "EleutherAI/pythia-2.8b",
    expName: "anthropic_dpo_pythia28",
    precision: "bf16",
  });
  assert.equal(settings(SFT).loss.name, "sft");
  assertSettings(CUSTOM, {
    ...COMMON,
    datasets: ["hh", "shp"],
    model: "/PATH/TO/LLAMA/WEIGHTS",
    architecture: "llama",
    expName: "anthropic_shp_sft_llama_7b",
  });
});

Deno.test("the DPO commands mean what they mean there", () => {
  assertSettings(DPO, {
    ...COMMON,
    batchSize: 32,
    model: "EleutherAI/pythia-6.9b",
    archive: "/path/to/checkpoint/from/sft/step-XXXX/policy.pt",
    precision: "auto",
  });
  assertSettings(DPO_28, {
    ...COMMON,
    model: "EleutherAI/pythia-2.8b",
    archive: "/path/to/archive/from/sft/LATEST/policy.pt",
    precision: "bf16",
  });
  const { name, beta, labelSmoothing, referenceFree } = settings(DPO).loss;
  assert.deepEqual(
    { name, beta, labelSmoothing, referenceFree },
    { name: "dpo", beta: 0.1, labelSmoothing: 0, referenceFree: false },
  );
});

Deno.test("what the reference makes mandatory is asked for, and its README's slip is mended", () => {
  const refused = (words: string, message: RegExp) =>
    assert.throws(
      () => settings(words),
      (error) => error instanceof InputError && message.test(error.message),
    );
  refused(SFT.replace(/exp_name=\S+ /, ""), /needs exp_name=/);
  refused(DPO.replace("loss.beta=0.1 ", ""), /needs loss\.beta=/);
  refused(
    CUSTOM.replace("model.block_name=", "model.block="),
    /Unknown setting "model\.block": did you mean model\.block_name/,
  );
});

Deno.test("--print-config prints what a command resolves to, without looking for model or data", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--quiet", fromFileUrl(new URL("../../lib/cli/train.ts", import.meta.url))],
      ...DPO_28.split(" "),
      "--print-config",
    ],
    env: { CODEPREF_LOSS_BETA: "0.5" },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const values = JSON.parse(new TextDecoder().decode(stdout));
  assert.equal(values["model.name_or_path"], "EleutherAI/pythia-2.8b");
  assert.equal(values["model.archive"], "/path/to/archive/from/sft/LATEST/policy.pt");
  assert.deepEqual(
    [values.trainer, values["model.fsdp_policy_mp"], values["loss.beta"], values.datasets],
    ["FSDPTrainer", "bfloat16", 0.1, ["hh"]],
  );
});
