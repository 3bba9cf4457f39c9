/**
 * The card of an exported model: README.md with the YAML that the hub reads.
 *
 * @see {@link https://huggingface.co/docs/hub/model-cards}
 * @module
 */
import { stringify } from "yaml";
import { isRepoName } from "@/lib/hub/mod.ts";
import type { Provenance, TrainedOn } from "@/lib/export/provenance.ts";

/** What a card tells beside where the model comes from. */
export interface CardOptions {
  /** A folder of adapters instead of a whole model. */
  adapter?: {
    /** What the adapters have to be put on. */
    base: string;
    baseDigest: string;
    /** Their base was quantised; they were trained on its dequantised weights. */
    quantised: boolean;
  };
  /** The hub takes models of its own alone for a base. */
  onHub?: boolean;
}

/** The whole text of README.md. The same provenance gives the same text. */
export function modelCard(model: Provenance, { adapter, onHub }: CardOptions = {}): string {
  const named = !onHub || isRepoName(model.base);
  const front = {
    ...(model.license ? { license: model.license } : {}),
    ...(named ? { base_model: model.base } : {}),
    ...(named && model.training ? { base_model_relation: adapter ? "adapter" : "finetune" } : {}),
    library_name: adapter ? "peft" : "transformers",
    pipeline_tag: "text-generation",
    tags: ["codepref", ...(model.training ? [model.training.loss] : [])],
  };
  return `---\n${stringify(front, { lineWidth: 0 })}---\n\n${body(model, adapter)}`;
}

function body(model: Provenance, adapter: CardOptions["adapter"]): string {
  const { training } = model;
  return [
    `# ${model.name}`,
    training
      ? `${model.base}, trained with codepref: loss \`${training.loss}\`, ${training.updates} updates on ` +
        `${training.examples} examples.`
      : `${model.base}, in another format; its weights were not trained here.`,
    `Base model: ${model.base}${baseDetails(model)}. ` +
    `Licence: ${model.license ?? "not stated by the base; look it up before you pass this on"}.`,
    ...(adapter ? [adapterText(adapter)] : []),
    ...(model.promptFormat
      ? [
        model.promptFormat === "chat"
          ? "Prompts are a user's message in the chat template (`prompt_format=chat`)."
          : "Prompts are plain text without a beginning-of-sequence token (`prompt_format=plain`).",
      ]
      : []),
    ...(training
      ? [
        `## Data\n\n${training.datasets.map(datasetLine).join("\n")}`,
        `## Training\n\n${settingLines(training.settings)}`,
        ...heldOut(training.heldOut),
      ]
      : []),
  ].join("\n\n") + "\n";
}

function baseDetails({ baseRevision, baseDigest }: Provenance): string {
  const details = [
    ...(baseRevision ? [`revision \`${baseRevision}\``] : []),
    ...(baseDigest ? [`SHA-256 \`${baseDigest}\``] : []),
  ];
  return details.length > 0 ? ` (${details.join(", ")})` : "";
}

function adapterText({ base, baseDigest, quantised }: NonNullable<CardOptions["adapter"]>): string {
  const text = `LoRA adapters in PEFT's format, for \`${base}\` (SHA-256 \`${baseDigest}\`).`;
  return quantised
    ? `${text} They were trained on the dequantised weights of a quantised file, which are in that folder; on other ` +
      "weights of the same model, such as those it was quantised from, they give other results."
    : text;
}

function datasetLine({ name, revision, pairs, labelerKinds, license }: TrainedOn): string {
  const kinds = Object.entries(labelerKinds ?? {}).map(([kind, n]) => `${n} by ${kind}`);
  const facts = [
    ...(revision ? [`revision \`${revision}\``] : []),
    ...(pairs === undefined ? [] : [`${pairs} pairs`]),
    ...(kinds.length > 0 ? [`labels: ${kinds.join(", ")}`] : []),
    `licence: ${license ?? "not stated"}`,
  ];
  return `- ${name}: ${facts.join("; ")}`;
}

/** Settings that say how the numbers came about; the rest is about the machine. */
const TOLD =
  /^(seed|precision|prompt_format|max_length|max_prompt_length|batch_size|gradient_accumulation_steps|n_epochs|n_examples|optimizer|lr|lr_scheduler_type|warmup_steps|max_grad_norm|loss(\..+)?|lora\..+)$/;

function settingLines(settings: Record<string, unknown>): string {
  const told = Object.entries(settings).filter(([key, value]) =>
    TOLD.test(key) && value !== null && value !== undefined
  );
  return ["| setting | value |", "| --- | --- |"].concat(
    told.map(([key, value]) =>
      `| ${key} | ${typeof value === "string" ? value : JSON.stringify(value)} |`
    ),
  ).join("\n");
}

function heldOut(metrics: NonNullable<Provenance["training"]>["heldOut"]): string[] {
  const lines = Object.entries(metrics).map(([name, { before, after }]) =>
    `| ${name} | ${short(before)} | ${short(after)} |`
  );
  if (lines.length === 0) return [];
  return [
    `## Held-out metrics\n\n| metric | before | after |\n| --- | --- | --- |\n${lines.join("\n")}`,
  ];
}

const short = (value: number) => String(Number(value.toPrecision(4)));
