/** The memory plan: its parts worked out by hand, what changes them, and a run and a command that tell it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fromFileUrl } from "@/lib/tensorflow/paths.ts";
import { toHfConfig } from "@/lib/models/hf-config.ts";
import { memoryPlan, type MemoryPlanInput } from "@/lib/trainers/memory-plan.ts";
import { CONFIG } from "../models/random-model.ts";
import { saveTinyModel } from "./tiny-model.ts";
import { tinyRun } from "./tiny-run.ts";
import { trainProcess } from "./train-process.ts";
import { withEnvironment } from "@/tests/hub/with-hub.ts";

/** C = 4, F = 8, V = 16, Q = 4, A = 8 in two layers; ten rows, two blocks of five places, six rows scored. */
const INPUT: MemoryPlanInput = {
  config: {
    ...CONFIG,
    hidden_size: 4,
    intermediate_size: 8,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    head_dim: 2,
    vocab_size: 16,
  },
  precision: "fp32",
  optimizer: "AdamW",
  lora: null,
  reference: "live",
  checkpointing: false,
  accumulates: false,
  training: [{ rows: 10, groups: [{ B: 2, S: 5 }], scored: 6 }],
  evaluation: [],
  samples: null,
  devices: 1,
  processes: 1,
  tensorParallel: false,
  kind: "CPU",
};

/** Bytes of the rows of each device's plan, by what they are. */
const planned = (changes: Partial<MemoryPlanInput> = {}) =>
  memoryPlan({ ...INPUT, ...changes }).map(({ rows }) =>
    Object.fromEntries(rows.map(({ what, bytes }) => [what, bytes]))
  );

Deno.test("full fine-tuning in fp32, by hand", () => {
  const [rows] = planned();
  // 16·4 embeddings; a layer: q 16, k and v 8 each, o 16, gate, up and down 32 each, norms 8; the last norm 4.
  const weights = 4 * (64 + 2 * 152 + 4);
  assert.equal(rows.weights, weights);
  assert.equal(rows["optimiser's state"], 2 * weights);
  assert.equal(rows.reference, weights);
  // Of both layers q, k, v as one matrix [8, 4], gate and up as one [16, 4].
  assert.equal(rows["matrices as products take them"], 2 * 4 * (32 + 64));
  // A row of a layer: two sums and two normed (4 each) with a root, the mix (4), gate, up and their product (24); on
  // the way back of one layer 5·8 + 2·4 + 2·4 numbers; the stream and its gradient behind the last layer.
  assert.equal(rows.activations, 10 * 4 * (2 * (2 * 9 + 4 + 24) + 56 + 8));
  // Heads (8) and mix (4) of ten places, two heads' weights of 2·25 pairs; on the way back 8 + 8 a place and twice
  // the weights; a mask and the angles.
  const attention = 2 * (10 * 12 + 2 * 50) + (10 * 16 + 2 * 2 * 50) + (50 + 10 * 2);
  assert.equal(rows.attention, 4 * attention);
  // Scores kept, their gradient, the reference's, and the table's gradient in parts and put together.
  assert.equal(rows["scores over the vocabulary"], 4 * (3 * 6 * 16 + 2 * 64));
});

Deno.test("bf16, LoRA, losses without a reference, other optimisers", () => {
  const bf16 = planned({ precision: "bf16" })[0];
  // Matrices in bf16, norms and embeddings in fp32, the output projection in bf16.
  assert.equal(bf16.reference, 2 * (2 * 144) + 4 * (2 * 8 + 4 + 64) + 2 * 64);
  assert.equal(bf16.weights, planned()[0].weights);
  const lora = { r: 2, alpha: 4, dropout: 0, targets: ["q_proj", "down_proj"] as const };
  const adapted = planned({ lora: { ...lora, targets: [...lora.targets] } })[0];
  // A [2, 4] and B [4, 2] of q_proj, A [2, 8] and B [4, 2] of down_proj.
  assert.equal(adapted["weights of the adapters"], 4 * 2 * (8 + 8 + 16 + 8));
  assert.equal(adapted["optimiser's state"], 2 * adapted["weights of the adapters"]);
  assert.equal(adapted.reference, undefined);
  for (const reference of ["none", "beforehand"] as const) {
    assert.equal(planned({ reference })[0].reference, undefined);
  }
  assert.equal(planned({ optimizer: "SGD" })[0]["optimiser's state"], undefined);
  const { weights, "optimiser's state": state } = planned({ optimizer: "RMSprop" })[0];
  assert.equal(state, weights);
});

Deno.test("recomputation keeps layers' inputs; parts of a batch are summed in fp32", () => {
  // Enough layers and rows that activations decide.
  const deep = {
    config: { ...INPUT.config, num_hidden_layers: 12 },
    training: [{ rows: 4000, groups: [{ B: 40, S: 100 }], scored: 6 }],
  };
  const kept = planned(deep)[0], again = planned({ ...deep, checkpointing: true })[0];
  const inputs = again["layers' inputs, and activations of the last ones"];
  assert.equal(inputs, 4000 * 4 * (12 * 8 + 2 * (2 * 9 + 4 + 24) + 56 + 8));
  assert.ok(inputs < kept.activations / 2);
  const summed = planned({ ...deep, accumulates: true })[0];
  assert.equal(summed.gradients, summed.weights);
});

Deno.test("processes that divide the matrices divide the base, and each has all adapters", () => {
  const lora = { r: 2, alpha: 4, dropout: 0, targets: ["q_proj" as const, "down_proj" as const] };
  const [alone] = planned({ lora });
  const both = planned({ lora, processes: 2, tensorParallel: true });
  assert.equal(both.length, 2);
  for (const rows of both) {
    assert.equal(rows["weights of the adapters"], alone["weights of the adapters"]);
    assert.equal(rows["optimiser's state"], alone["optimiser's state"]);
    // Norms are in both.
    const half = rows["weights of the base"] / alone["weights of the base"];
    assert.ok(half >= 0.5 && half < 0.6, `${half} of the base`);
  }
});

Deno.test("devices of one process divide the layers, processes divide all parameters", () => {
  const [alone] = planned(), both = planned({ devices: 2 }), sharded = planned({ processes: 4 });
  assert.equal(both.length, 2);
  assert.equal(both[0].weights + both[1].weights, alone.weights);
  assert.equal(both[1].weights, 4 * 152);
  assert.equal(sharded.length, 4);
  for (const rows of sharded) {
    assert.equal(rows.weights, alone.weights / 4);
    assert.equal(rows["optimiser's state"], alone["optimiser's state"] / 4);
    assert.equal(rows.reference, alone.weights / 4);
  }
});

Deno.test("processes that divide the matrices have a part of what is as wide as they are", () => {
  const config = { ...INPUT.config, num_attention_heads: 4, num_key_value_heads: 2 };
  const [wide] = planned({ config }),
    [half] = planned({ config, processes: 2, tensorParallel: true });
  // The five norms are in both.
  const norms = 4 * 5 * 4;
  assert.equal(half.weights, norms + (wide.weights - norms) / 2);
  assert.equal(half["optimiser's state"], 2 * half.weights);
  assert.equal(half.reference, half.weights);
  assert.equal(half["reading the model"], wide["reading the model"]);
  assert.ok(half.activations < wide.activations && half.activations > wide.activations / 2);
  assert.equal(half["tensors gathered from all processes"], undefined);
});

Deno.test("a run tells its plan before it trains, and at the end what was measured", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await saveTinyModel(join(folder, "tiny"));
    const { code, stderr } = await trainProcess({
      ...tinyRun(folder),
      n_examples: 4,
      debug: true,
      local_run_dir: join(folder, "run"),
    });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /memory plan, CPU:0: [\d.]+ GiB at the peak \(process and libraries /);
    const [, wanted, found] = /memory: planned ([\d.]+) GiB, measured ([\d.]+) GiB/.exec(stderr)!;
    // Almost all of it is the process itself.
    assert.ok(Math.abs(Number(wanted) / Number(found) - 1) < 0.3, `${wanted} and ${found} GiB`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function plan(...args: string[]) {
  const entry = fromFileUrl(new URL("../../lib/cli/plan.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", entry, ...args],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("deno task plan: from a known model or a config.json alone, whether it fits, and what is untested", async () => {
  const one = await plan("model=codellama7b", "lora.r=16", "gpu_memory=80");
  assert.equal(one.code, 0, one.stderr);
  assert.match(one.stdout, /^precision=auto is planned as bf16.*\nGPU:0\n/);
  assert.match(one.stdout, /[\d.]+ GiB of 80.0 GiB: fits \(untested/);
  const full = await plan("model=codellama7b", "gpu_memory=80", "json=true");
  const { fits, plans, untested } = JSON.parse(full.stdout);
  assert.deepEqual([fits, plans.length, untested], [false, 1, true]);
  const eight = ["trainer=FSDPTrainer", "devices=8", "batch_size=32", "gpu_memory=80"];
  const sharded = await plan("model=codellama7b", ...eight, "json=true");
  assert.deepEqual([JSON.parse(sharded.stdout).fits, JSON.parse(sharded.stdout).plans.length], [
    true,
    8,
  ]);

  const four = ["trainer=TensorParallelTrainer", "devices=4", "gpu_memory=80"];
  const divided = await plan("model=codellama7b", ...four, "activation_checkpointing=true");
  assert.equal(divided.code, 0, divided.stderr);
  assert.match(
    divided.stdout,
    /process 0\n[^]*weights +6\.3 GiB\n[^]*process 1 to GPU process 3\n/,
  );

  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "config.json");
    await Deno.writeTextFile(path, JSON.stringify(toHfConfig(CONFIG)));
    for (const model of [folder, path]) {
      const { code, stdout, stderr } = await plan(`model=${model}`);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /\nCPU:0\n[^]*GiB: fits\n$/);
    }
    const refused = async (message: RegExp, ...args: string[]) => {
      const { code, stderr } = await plan(...args);
      assert.equal(code, 2);
      assert.match(stderr, message);
    };
    await refused(/devices=3 is more than the 2 layers/, `model=${folder}`, "devices=3");
    await refused(/multiple of 3/, `model=${folder}`, "devices=3", "trainer=FSDPTrainer");
    const tensors = ["trainer=TensorParallelTrainer", "devices=3"];
    await refused(/num_attention_heads=4 by devices=3/, `model=${folder}`, ...tensors);
    await withEnvironment(
      { HF_HUB_OFFLINE: "1", HF_HOME: folder },
      () => refused(/known without one: .*CodeLlama-7b/, "model=pythia28"),
    );
    await Deno.writeTextFile(path, "{");
    await refused(/config\.json is not JSON/, `model=${folder}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
