/** Interrupted training goes on to the same weights, bit for bit; bad input changes nothing. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { openSafetensors } from "@/lib/models/safetensors.ts";
import { saveTinyModel } from "./tiny-model.ts";
import { tinyRun } from "./tiny-run.ts";
import { trainProcess } from "./train-process.ts";

const digest = async (path: string) =>
  createHash("sha256").update(await Deno.readFile(path)).digest("hex");
const metricsOf = async (folder: string) =>
  (await Deno.readTextFile(join(folder, "metrics.jsonl"))).trim().split("\n").map((line) =>
    JSON.parse(line)
  );
const losses = (lines: Record<string, unknown>[]) =>
  lines.map((line) => [line.examples, line["loss/train"], line["loss/eval"], line.grad_norm]);

async function withFolder(
  work: (folder: string, common: Record<string, string | number | boolean>) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  try {
    await saveTinyModel(join(folder, "tiny"));
    await work(folder, {
      ...tinyRun(folder),
      eval_batch_size: 4,
      n_epochs: 3,
      eval_every: 8,
      save_every: 4,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("killed after a checkpoint, between checkpoints and while saving: the same weights in the end", () =>
  withFolder(async (folder, common) => {
    const whole = await trainProcess({ ...common, local_run_dir: join(folder, "whole") });
    assert.equal(whole.code, 0, whole.stderr);
    const broken = { ...common, local_run_dir: join(folder, "broken"), resume: "latest" };
    const moments: Parameters<typeof trainProcess>[1][] = [
      ({ line }) => Boolean(line?.includes("saved") && line.includes("step-4")),
      ({ result }) => Number(result?.examples) === 14 && result?.["loss/train"] !== undefined,
      ({ result }) => Number(result?.examples) === 16 && result?.["loss/eval"] !== undefined,
    ];
    for (const moment of moments) {
      const killed = await trainProcess(broken, moment);
      assert.equal(killed.signal, "SIGKILL", killed.stderr);
    }
    const last = await trainProcess(broken);
    assert.equal(last.code, 0, last.stderr);
    assert.match(last.stderr, /resumed from .*step-(12|16) /);
    for (const file of ["policy/model.safetensors", "optimizer.safetensors"]) {
      assert.equal(
        await digest(join(folder, "broken", "LATEST", file)),
        await digest(join(folder, "whole", "LATEST", file)),
        file,
      );
    }
    assert.deepEqual(
      losses(await metricsOf(join(folder, "broken"))),
      losses(await metricsOf(join(folder, "whole"))),
    );

    const again = await trainProcess(broken);
    assert.equal(again.code, 0);
    assert.equal(
      again.results.filter((r) => "loss/train" in r).length,
      0,
      "a finished run is not trained again",
    );

    const other = await trainProcess({ ...broken, lr: 2e-3 });
    assert.equal(other.code, 2);
    assert.match(other.stderr, /was begun with other settings: lr=0.001, now 0.002/);
  }));

Deno.test("LoRA with dropout: killed, it goes on to the same adapters; the policy is merged; another base is refused", () =>
  withFolder(async (folder, common) => {
    const lora = {
      ...common,
      "lora.r": 2,
      "lora.dropout": 0.2,
      "lora.targets": "[v_proj,q_proj,down_proj]",
      gradient_accumulation_steps: 2,
    };
    const whole = await trainProcess({ ...lora, local_run_dir: join(folder, "whole") });
    assert.equal(whole.code, 0, whole.stderr);
    const broken = { ...lora, local_run_dir: join(folder, "broken"), resume: "latest" };
    const killed = await trainProcess(
      broken,
      ({ result }) => Number(result?.examples) === 14 && result?.["loss/train"] !== undefined,
    );
    assert.equal(killed.signal, "SIGKILL", killed.stderr);
    const last = await trainProcess(broken);
    assert.equal(last.code, 0, last.stderr);
    assert.match(last.stderr, /resumed from .*step-12 /);
    const files = ["policy/model.safetensors", "optimizer.safetensors"];
    for (const file of [...files, "adapter/adapter_model.safetensors"]) {
      assert.equal(
        await digest(join(folder, "broken", "LATEST", file)),
        await digest(join(folder, "whole", "LATEST", file)),
        file,
      );
    }
    const read = async (...path: string[]) => JSON.parse(await Deno.readTextFile(join(...path)));
    const manifest = await read(folder, "whole", "LATEST", "manifest.json");
    assert.ok(manifest["adapter/adapter_config.json"]);
    assert.ok(manifest["adapter/adapter_model.safetensors"]);
    const { settings } = await read(folder, "whole", "config.json");
    assert.deepEqual(
      ["r", "alpha", "dropout", "targets"].map((key) => settings[`lora.${key}`]),
      [2, 4, 0.2, ["q_proj", "v_proj", "down_proj"]],
    );
    const tensors = (path: string) => {
      const file = openSafetensors(join(folder, path));
      const values = [...file.tensors.keys()].map((name) => [name, file.read(name)] as const);
      file.close();
      return new Map(values);
    };
    const before = tensors("tiny/model.safetensors");
    const after = tensors("whole/LATEST/policy/model.safetensors");
    for (const [name, values] of before) {
      const trained = /(q|v|down)_proj/.test(name);
      assert.equal(after.get(name)!.join() !== values.join(), trained, name);
    }
    for (const name of tensors("whole/LATEST/optimizer.safetensors").keys()) {
      assert.match(name, /\.lora_[AB]\.weight$/);
    }

    const other = await trainProcess({ ...broken, "lora.alpha": 8 });
    assert.equal(other.code, 2);
    assert.match(other.stderr, /lora\.alpha=4, now 8/);
    const path = join(folder, "tiny", "model.safetensors"), bytes = await Deno.readFile(path);
    bytes[bytes.length - 5] ^= 1;
    await Deno.writeFile(path, bytes);
    const finished = `step-${last.results.at(-1)!.examples}`;
    await Deno.remove(join(folder, "broken", finished), { recursive: true });
    const refused = await trainProcess(broken);
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(
      refused.stderr,
      /begun with another model: .*tiny had the digest .*Put the model back/,
    );
  }));

Deno.test("a checkpoint with a flipped byte is refused", () =>
  withFolder(async (folder, common) => {
    const settings = {
      ...common,
      n_epochs: 1,
      local_run_dir: join(folder, "run"),
      resume: "latest",
    };
    const killed = await trainProcess(settings, ({ line }) => Boolean(line?.includes("saved")));
    assert.equal(killed.signal, "SIGKILL");
    const path = join(folder, "run", "LATEST", "policy", "model.safetensors");
    const bytes = await Deno.readFile(path);
    bytes[bytes.length - 5] ^= 1;
    await Deno.writeFile(path, bytes);
    const { code, stderr } = await trainProcess(settings);
    assert.equal(code, 2);
    assert.match(stderr, /model\.safetensors was changed since it was saved/);
  }));

Deno.test("settings and data that cannot be trained with are refused in one sentence, and nothing is made", () =>
  withFolder(async (folder, common) => {
    await Deno.writeTextFile(join(folder, "empty.jsonl"), "");
    const cases: [Record<string, string | number | boolean>, RegExp][] = [
      [{ model: join(folder, "nowhere") }, /there is no model at/],
      [{ datasets: `["${join(folder, "empty.jsonl")}"]` }, /empty|no examples|no rows/i],
      [{ batch_size: 64 }, /fewer than one batch/],
      [
        { batch_size: 3, gradient_accumulation_steps: 2 },
        /multiple of gradient_accumulation_steps/,
      ],
      [
        { max_length: 60, max_prompt_length: 30, max_truncated_fraction: 0.05 },
        /max_truncated_fraction/,
      ],
      [{ "loss.betta": 1 }, /did you mean loss\.beta/],
      [{ "lora.r": 0 }, /lora\.r takes a whole number.*at least 1/],
      [{ "lora.r": 2, "lora.dropout": 1 }, /lora\.dropout=1 drops everything/],
      [{ "lora.r": 2, "lora.targets": "[q_proj,lm_head]" }, /q_proj, k_proj, v_proj, o_proj/],
      [{ "lora.alpha": 8 }, /lora\.alpha= has no effect without lora\.r=/],
    ];
    for (const [change, message] of cases) {
      const local_run_dir = join(folder, "refused");
      const { code, stderr } = await trainProcess({ ...common, ...change, local_run_dir });
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /);
      await assert.rejects(Deno.stat(join(local_run_dir, "config.json")));
    }
  }));
