/** What the command line says of a loss, and what it refuses. */
import assert from "node:assert/strict";
import { parseSettings } from "@/lib/cli/core/settings.ts";
import { TRAIN_KEYS, TRAIN_PRESETS } from "@/lib/cli/train-keys.ts";
import { trainSettings } from "@/lib/cli/train-settings.ts";
import { InputError } from "@/lib/errors.ts";
import { LOSS_NAMES } from "@/lib/losses/mod.ts";
import { MODEL_PRESETS } from "@/lib/models/presets.ts";
import { batchSharesOf, workersOf } from "@/lib/trainers/settings.ts";

const spec = {
  name: "train",
  summary: "",
  examples: [],
  keys: TRAIN_KEYS,
  presets: TRAIN_PRESETS,
} as const;
const settings = (...args: string[]) =>
  trainSettings(parseSettings(spec, ["exp_name=x", "datasets=[d]", ...args], {}).values);
const refused = (message: RegExp, ...args: string[]) =>
  assert.throws(
    () => settings(...args),
    (error) => error instanceof InputError && message.test(error.message),
  );

Deno.test("every loss but SFT asks for beta", () => {
  for (const name of LOSS_NAMES) {
    if (name === "sft") settings("loss=sft");
    else refused(/needs loss\.beta=/, `loss=${name}`);
  }
});

Deno.test("losses are added with weights in their order, 1 when not given", () => {
  const { loss } = settings(
    "loss=dpo",
    "loss.beta=0.1",
    "loss.plus=[sft,hinge]",
    "loss.weights=[2,0.1,1]",
  );
  assert.equal(loss.weight, 2);
  assert.deepEqual(loss.plus, [{ name: "sft", weight: 0.1 }, { name: "hinge", weight: 1 }]);
  const plain = settings("loss=dpo", "loss.beta=0.1", "loss.plus=[sft]").loss;
  assert.deepEqual([plain.weight, plain.plus], [1, [{ name: "sft", weight: 1 }]]);
  refused(
    /loss\.weights=\[1\] has to be a number for dpo, sft each/,
    "loss=dpo",
    "loss.beta=0.1",
    "loss.plus=[sft]",
    "loss.weights=[1]",
  );
  refused(/loss=dpo loss\.plus=\[sft\]/, "loss=sft", "loss.plus=[dpo]");
});

Deno.test("settings that a loss is not defined with are refused with the remedy", () => {
  const beta = "loss.beta=0.1";
  refused(/exo_pair is infinite without loss\.label_smoothing/, "loss=exo_pair", beta);
  refused(
    /robust needs loss\.label_smoothing= below 0\.5/,
    "loss=robust",
    beta,
    "loss.label_smoothing=0.5",
  );
  refused(/discopop_tau=0 divides by zero/, "loss=discopop", beta, "loss.discopop_tau=0");
  refused(/loss\.beta=0 makes dpo the same/, "loss=dpo", "loss.beta=0");
  refused(
    /js is not defined for dpo \+ nca_pair/,
    "loss=dpo",
    beta,
    "loss.plus=[nca_pair]",
    "loss.divergence=js",
  );
  refused(
    /batch_size= at least twice/,
    "loss=kto",
    beta,
    "batch_size=4",
    "gradient_accumulation_steps=4",
  );
  refused(/cannot know them/, "loss=kto", beta, "precompute_reference=true");
  settings("loss=ipo", beta, "loss.divergence=alpha", "loss.divergence_alpha=0.3");
});

Deno.test("a model's preset names its layers by a class that there is", () => {
  for (const [name, values] of Object.entries(TRAIN_PRESETS.model)) {
    if (name === "blank_model") continue;
    const { model, architecture } = settings("loss=sft", `model=${name}`);
    assert.equal(model, values["model.name_or_path"]);
    assert.ok(architecture, name);
  }
});

Deno.test("a revision is part of a hub's model's name, and of nothing else's", () => {
  const model = (...words: string[]) => settings("loss=sft", ...words).model;
  const coder = MODEL_PRESETS.qwen25coder.hub;
  assert.equal(model("model=qwen25coder", "model.revision=v1"), `${coder}@v1`);
  assert.equal(model("model=a/b", "model_revision=refs/pr/1"), "a/b@refs/pr/1");
  assert.equal(model("model=a/b@v1", "model.revision=v1"), "a/b@v1");
  assert.equal(model("model=a/b:Q8_0", "model.revision=main"), "a/b:Q8_0");
  refused(
    /model\.revision=v2 is no revision for a\/b@v1/,
    "loss=sft",
    "model=a/b@v1",
    "model.revision=v2",
  );
  refused(/is no revision for a\/b/, "loss=sft", "model=a/b", "model.revision=../x");
  refused(/is for models of the hub, and smollm2 is none/, "loss=sft", "model.revision=v1");
});

Deno.test("the reference's keys of a model mean what they can mean here, or are refused", () => {
  const sft = "loss=sft";
  assert.equal(settings(sft, "model.policy_dtype=bfloat16").precision, "bf16");
  assert.equal(settings(sft, "model.policy_dtype=float32").precision, "auto");
  assert.equal(settings(sft, "model.block_name=LlamaDecoderLayer").architecture, "llama");
  assert.equal(settings(sft, "model.block_name=GPT2Block").architecture, "gpt2");
  assert.equal(
    settings(sft, "model.reference_dtype=float16", "wandb.enabled=false").referenceDtype,
    "float16",
  );
  refused(/take bfloat16/, sft, "model.policy_dtype=float16");
  refused(/contradicts precision=fp32/, sft, "model.policy_dtype=bfloat16", "precision=fp32");
  assert.equal(settings(sft, "wandb.enabled=false").wandb, null);
  assert.deepEqual(settings(sft, "wandb.enabled=true", "wandb.entity=us").wandb, {
    entity: "us",
    project: "direct-preference-optimization",
  });
  refused(/LlamaDecoderLayer/, sft, "model.block_name=LlamaLayer");
});

Deno.test("the reference's keys of FSDPTrainer: its precision goes before the others, and is its alone", () => {
  const fsdp = ["loss=sft", "trainer=FSDPTrainer", "devices=2"];
  const precision = (...args: string[]) => settings(...args).precision;
  assert.equal(precision(...fsdp, "model.fsdp_policy_mp=bfloat16", "precision=fp32"), "bf16");
  assert.equal(precision(...fsdp, "model.fsdp_policy_mp=float32"), "fp32");
  assert.equal(precision(...fsdp, "model.policy_dtype=bfloat16"), "bf16");
  assert.equal(precision("loss=sft", "model.fsdp_policy_mp=bfloat16"), "auto");
  refused(/take bfloat16/, ...fsdp, "model.fsdp_policy_mp=float16");
  refused(/share of the batch/, ...fsdp, "loss=kto", "loss.beta=1", "batch_size=2");
  assert.equal(settings(...fsdp, "master_port=12355").fsdpPort, 12355);
  assert.equal(settings(...fsdp, "fsdp_port=0").fsdpPort, null);
});

Deno.test("workers that divide the matrices compute whole batches, whatever compares within one", () => {
  const tensors = ["trainer=TensorParallelTrainer", "devices=2"];
  const kto = settings(...tensors, "loss=kto", "loss.beta=1", "batch_size=2");
  assert.deepEqual([workersOf(kto), batchSharesOf(kto)], [2, 1]);
});
