/**
 * Preference datasets by name. A new one is a file in this folder with a function that reads a row, and a line here:
 * docs/add-a-dataset.md goes through it.
 *
 * @module
 */
import { readCodeUltrafeedback } from "@/lib/datasets/code-ultrafeedback.ts";
import { readHh } from "@/lib/datasets/hh.ts";
import { readLeetcodePreference } from "@/lib/datasets/leetcode-preference.ts";
import { readOrcaDpo } from "@/lib/datasets/orca-dpo.ts";
import { readSe } from "@/lib/datasets/se.ts";
import { readShp } from "@/lib/datasets/shp.ts";
import type { ReadRow } from "@/lib/datasets/source-row.ts";
import type { TruncationMode } from "@/lib/datasets/tokenize.ts";
import { readUltrafeedback } from "@/lib/datasets/ultrafeedback.ts";

/** A dataset whose rows are known. */
export interface KnownDataset {
  /** Where it is on the hub. */
  hub: string;
  read: ReadRow;
  /** Which end of a prompt that is too long stays; default `keep_start`. */
  truncationMode?: TruncationMode;
  /** What it calls its splits, where it is not train and test. */
  splits?: { train: string; test: string };
  /** Its test split, where it has none: so much of the rows after shuffling them as `datasets` would by this seed. */
  testRows?: { fraction: number; seed: number };
  /** Of rows with the same prompt the last one counts alone. */
  lastRowCounts?: true;
}

/** `lc` is looked for in the database first; without a dataset that was published there, it is this one. */
export const DATASETS: Readonly<Record<string, KnownDataset>> = {
  lc: { hub: "minfeng-ai/leetcode_preference", read: readLeetcodePreference },
  hh: { hub: "Anthropic/hh-rlhf", read: readHh, truncationMode: "keep_end" },
  shp: { hub: "stanfordnlp/SHP", read: readShp },
  se: {
    hub: "HuggingFaceH4/stack-exchange-preferences",
    read: readSe,
    testRows: { fraction: 0.01, seed: 42 },
    lastRowCounts: true,
  },
  ultrafeedback: {
    hub: "HuggingFaceH4/ultrafeedback_binarized",
    read: readUltrafeedback,
    splits: { train: "train_prefs", test: "test_prefs" },
  },
  code_ultrafeedback: { hub: "coseal/CodeUltraFeedback_binarized", read: readCodeUltrafeedback },
  orca_dpo: { hub: "Intel/orca_dpo_pairs", read: readOrcaDpo },
};
