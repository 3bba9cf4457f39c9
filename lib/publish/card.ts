/**
 * The card of a published dataset: README.md with the YAML that Python's `datasets` and the hub read.
 *
 * @module
 */
import { stringify } from "yaml";
import { cardBody } from "@/lib/publish/card-body.ts";
import type { DatasetFacts } from "@/lib/publish/facts.ts";
import type { CardFigure } from "@/lib/publish/figures.ts";
import { limitedOrigins } from "@/lib/publish/licences.ts";
import type { PreferenceOptions } from "@/lib/publish/options.ts";
import {
  type ConfigName,
  CONFIGS,
  type FileKind,
  type Side,
  tableFiles,
} from "@/lib/publish/tables.ts";

/** Name of the key in a card's YAML that says a dataset was made by this project. */
export const CARD_KEY = "codepref";

const SIDES: readonly Side[] = ["train", "test"];

/** The whole text of README.md. The same labels and options give the same text. */
export function datasetCard(
  facts: DatasetFacts,
  options: PreferenceOptions,
  kind: FileKind,
  figures: readonly CardFigure[],
): string {
  const yaml = stringify(frontMatter(facts, options, kind), { lineWidth: 0 });
  return `---\n${yaml}---\n\n${cardBody(facts, options, figures)}`;
}

function frontMatter(facts: DatasetFacts, options: PreferenceOptions, kind: FileKind) {
  const configs = Object.keys(CONFIGS) as ConfigName[];
  const sides = (config: ConfigName) => SIDES.filter((side) => facts.sizes[config][side] > 0);
  return {
    ...licence(facts),
    pretty_name: "Code preferences",
    language: ["en", "code"],
    task_categories: ["text-generation"],
    tags: ["preference", "dpo", "code", "codepref"],
    size_categories: [sizeCategory(facts.train + facts.test)],
    configs: configs.map((config) => ({
      config_name: config,
      ...(config === "default" ? { default: true } : {}),
      data_files: sides(config).map((split) => ({ split, path: tableFiles(config, split, kind) })),
    })),
    dataset_info: configs.map((config) => ({
      config_name: config,
      features: Object.entries(CONFIGS[config]).map(([name, { type }]) => ({ name, dtype: type })),
      splits: sides(config).map((name) => ({
        name,
        num_bytes: facts.bytes[config][name],
        num_examples: facts.sizes[config][name],
      })),
    })),
    [CARD_KEY]: {
      digest: facts.digest,
      aggregate: options.aggregate,
      ties: options.ties,
      both_bad: options.bothBad,
      min_agreement: options.minAgreement,
      min_labels: options.minLabels,
      max_characters: options.maxCharacters,
      failing_both: options.failingBoth,
      seed: options.seed,
      ...(options.testFrom === null
        ? { test_fraction: options.testFraction }
        : { test_from: options.testFrom }),
      include_synthetic: options.includeSynthetic,
    },
  };
}

/** One licence that allows passing the texts on, or `other` with a name. */
function licence(facts: DatasetFacts): Record<string, string> {
  const names = [...new Set(facts.rows.map((row) => row.licence))];
  if (names.length === 1 && limitedOrigins(facts).size === 0) {
    return { license: names[0].toLowerCase() };
  }
  return { license: "other", license_name: "several" };
}

function sizeCategory(n: number): string {
  if (n < 1e3) return "n<1K";
  if (n < 1e4) return "1K<n<10K";
  if (n < 1e5) return "10K<n<100K";
  return n < 1e6 ? "100K<n<1M" : "1M<n<10M";
}
