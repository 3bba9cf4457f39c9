/**
 * What every step of the quickstart works with.
 *
 * @module
 */
import type { OnProgress } from "@/lib/progress.ts";

/** The settings of one quickstart. */
export interface QuickstartOptions {
  /** The database. */
  db: string;
  /** The folder for dataset, runs and report. */
  out: string;
  /** The model that is trained, and that answers unless a server of Ollama does. */
  model: string;
  /** Who writes the pairs: `auto` (a model of Ollama where a server has one, otherwise `model`) or a model. */
  generator: string;
  /** LeetCode questions that get two solutions each. */
  n: number;
  /** HumanEval questions of the training half that get an answer each. */
  answers: number;
  /** The least number of labeled pairs; further answers are sampled until it is reached. */
  minPairs: number;
  /** Pairs per update of the training. */
  batchSize: number;
  /** The instruction that asks for two solutions; null: the original one. */
  instruction: string | null;
  temperature: number;
  topP: number;
  /** The most tokens of a pair's answer and of a single answer. */
  pairTokens: number;
  answerTokens: number;
  seed: number;
}

/** The person at the keyboard, and the settings. */
export interface Context {
  options: QuickstartOptions;
  signal: AbortSignal;
  progress(label: string): OnProgress;
  log(line: string): void;
}
