import assert from "node:assert/strict";
import fc from "fast-check";
import { defineTask, parseSettings, type Values } from "@/lib/cli/core/settings.ts";
import { helpText } from "@/lib/cli/core/help.ts";
import { InputError } from "@/lib/errors.ts";

const spec = defineTask({
  name: "train",
  summary: "Trains a model.",
  examples: ["deno task train loss=dpo loss.beta=0.1"],
  keys: {
    model: { type: "string", default: "smollm2", help: "the model" },
    "model.archive": { type: "string", optional: true, help: "a checkpoint to start from" },
    datasets: { type: "list", default: ["lc"], help: "datasets" },
    loss: { type: "string", default: "sft", help: "the loss", choices: ["sft", "dpo"] },
    "loss.beta": { type: "number", optional: true, help: "temperature of DPO", min: 0 },
    "loss.label_smoothing": {
      type: "number",
      optional: true,
      help: "noise in labels",
      min: 0,
      max: 0.5,
    },
    lr: { type: "number", default: 5e-7, help: "learning rate" },
    batch_size: { type: "integer", default: 4, help: "pairs per update", min: 1 },
    debug: { type: "boolean", default: false, help: "no files are written" },
    exp_name: { type: "string", default: "run", help: "name", aliases: ["name"] },
  },
  presets: {
    model: { codellama7b: { batch_size: 64 } },
    loss: { sft: {}, dpo: { "loss.beta": "???", "loss.label_smoothing": 0 } },
  },
  subcommands: { resume: "go on" },
  flags: { follow: "follow the metrics" },
});
const parse = (args: string[], env: Record<string, string> = {}) => parseSettings(spec, args, env);
const refused = (args: string[], pattern: RegExp, env: Record<string, string> = {}) =>
  assert.throws(() => parse(args, env), (error) => {
    assert.ok(error instanceof InputError, String(error));
    assert.match(error.message, pattern);
    return true;
  });

Deno.test("settings: defaults, and null for what is optional", () => {
  const { values, given, subcommand } = parse([]);
  assert.deepEqual(values, {
    model: "smollm2",
    "model.archive": null,
    datasets: ["lc"],
    loss: "sft",
    "loss.beta": null,
    "loss.label_smoothing": null,
    lr: 5e-7,
    batch_size: 4,
    debug: false,
    exp_name: "run",
    json: false,
  });
  assert.deepEqual(given, []);
  assert.equal(subcommand, undefined);
});

Deno.test("settings: the types of values follow the keys", () => {
  const values: Values<typeof spec> = parse([]).values;
  const loss: "sft" | "dpo" = values.loss;
  const beta: number | null = values["loss.beta"];
  const datasets: string[] = values.datasets;
  assert.ok(loss && datasets && beta === null);
});

Deno.test("settings: subcommand, flags, numbers, lists, quotes, null, aliases", () => {
  const parsed = parse([
    "resume",
    "--follow",
    "lr=1e-5",
    "batch_size=20_000",
    `datasets=[lc, "a, b.jsonl",'c']`,
    "model.archive=null",
    "name='x = y'",
    "debug=True",
  ]);
  assert.equal(parsed.subcommand, "resume");
  assert.ok(parsed.flags.has("follow"));
  assert.equal(parsed.values.lr, 1e-5);
  assert.equal(parsed.values.batch_size, 20000);
  assert.deepEqual(parsed.values.datasets, ["lc", "a, b.jsonl", "c"]);
  assert.equal(parsed.values["model.archive"], null);
  assert.equal(parsed.values.exp_name, "x = y");
  assert.equal(parsed.values.debug, true);
  assert.deepEqual(parsed.given, [
    "model.archive",
    "datasets",
    "lr",
    "batch_size",
    "debug",
    "exp_name",
  ]);
  assert.deepEqual(parse(["datasets=[]"]).values.datasets, []);
  assert.deepEqual(parse(["datasets=pairs.jsonl"]).values.datasets, ["pairs.jsonl"]);
});

Deno.test("settings: command line over environment over preset over default", () => {
  const env = {
    CODEPREF_BATCH_SIZE: "8",
    CODEPREF_MODEL: "codellama7b",
    CODEPREF_LOSS_BETA: "0.5",
    HOME: "/x",
  };
  assert.equal(parse([]).values.batch_size, 4);
  assert.equal(parse(["model=codellama7b"]).values.batch_size, 64);
  assert.equal(parse([], env).values.batch_size, 8);
  assert.equal(parse(["batch_size=2"], env).values.batch_size, 2);
  assert.equal(parse(["loss=dpo"], env).values["loss.beta"], 0.5);
  assert.equal(parse(["loss=dpo", "loss.beta=0.1"], env).values["loss.label_smoothing"], 0);
});

Deno.test("settings: a preset can make a key mandatory", () => {
  refused(["loss=dpo"], /needs loss\.beta=… with loss=dpo/);
});

Deno.test("settings: unknown keys name the nearest right one", () => {
  refused(["los.beta=0.1"], /"los\.beta": did you mean loss\.beta\?/);
  refused(["beta=0.1"], /did you mean loss\.beta\?/);
  refused(["bach_size=3"], /did you mean batch_size\?/);
  refused(["--folow"], /did you mean --follow\?/);
  refused(["--lr=3"], /without dashes: lr=3/);
  refused(["resum"], /did you mean resume\?/);
});

Deno.test("settings: ill-typed values name key, value and type", () => {
  refused(["lr=fast"], /lr=fast .*a number/);
  refused(["batch_size=2.5"], /batch_size=2\.5 .*whole number/);
  refused(["batch_size=0"], /at least 1/);
  refused(["loss.label_smoothing=0.7"], /from 0 to 0\.5/);
  refused(["debug=yes"], /true or false/);
  refused(["loss=dop"], /one of sft, dpo; nearest: dpo/);
  refused(["lr=null"], /cannot be null/);
  refused(["datasets=[a,b"], /closing bracket/);
  refused(["datasets=[a,,b]"], /empty/);
  refused([], /CODEPREF_LR=x .*a number/, { CODEPREF_LR: "x" });
});

Deno.test("settings: a near miss in the environment gets a note", () => {
  assert.match(parse([], { CODEPREF_BATCH_SIZ: "8" }).notes[0], /did you mean CODEPREF_BATCH_SIZE/);
  assert.deepEqual(parse([], { CODEPREF_TEMPERATURE: "1" }).notes, []);
});

Deno.test("settings: any number and any list of words survive the round trip", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
    assert.equal(parse([`lr=${number}`]).values.lr, Number(String(number)));
  }));
  const word = fc.string({ minLength: 1 }).map((s) => s.replaceAll(/[\\"'\n\r]/g, "x"));
  fc.assert(fc.property(fc.array(word), (words) => {
    assert.deepEqual(
      parse([`datasets=[${words.map((w) => `"${w}"`).join(",")}]`]).values.datasets,
      words,
    );
  }));
});

Deno.test("help: every key with type, default, meaning; presets, flags, examples", () => {
  const text = helpText(spec);
  for (const [name, key] of Object.entries(spec.keys)) {
    const line = text.split("\n").find((l) => l.trimStart().startsWith(name + " "));
    assert.ok(line?.includes(key.type), name);
    assert.ok(line?.includes(key.help.split(" ")[0]), name);
  }
  assert.match(text, /loss=dpo\s+needs loss\.beta=… loss\.label_smoothing=0/);
  assert.match(text, /--follow/);
  assert.match(text, /deno task train loss=dpo/);
  assert.match(text, /json/);
});
