/**
 * The preference pairs that the benchmarks train on: real code, the same at every run.
 *
 * @module
 */
import { plantedBugs } from "@/lib/bench/planted-bugs.ts";
import { textsOf } from "@/lib/datasets/batches.ts";
import { loadExamples } from "@/lib/datasets/load.ts";
import type { PreferenceRow } from "@/lib/datasets/rows.ts";
import { tokenizePair } from "@/lib/datasets/tokenize.ts";
import { InputError } from "@/lib/errors.ts";
import type { Tokenizer } from "@/lib/models/tokenizer.ts";
import { readHumaneval } from "@/lib/questions/humaneval.ts";
import { sitePackages } from "@/lib/setup/paths.ts";

/** Pairs to train on and pairs to evaluate on; no prompt is on both sides. */
export interface BenchPairs {
  train: PreferenceRow[];
  heldOut: PreferenceRow[];
  /** What they are, for the page. */
  source: string;
  /** How many were left out because they would have been cut, which the two sides do differently. */
  leftOut: number;
}

/** Longest sequence, in tokens. */
export const MAX_LENGTH = 512;
const TRAIN_PAIRS = 256;
const PROMPT_TOKENS = { min: 50, max: 250 };
/** So many wrong solutions a problem. */
const REJECTED_PER_PROMPT = 2;

/**
 * 256 pairs of HumanEval to train on, and the few that are left over to evaluate on: prompt and reference
 * solution, and as rejected ones the same solution with a mistake planted, or, where nothing can be planted,
 * the next problem's solution. Prompts have 50 to 250 tokens. Nothing trained on them is kept, so both of
 * HumanEval's halves may serve.
 */
export async function builtInPairs(tokenizer: Tokenizer): Promise<BenchPairs> {
  const problems = (await readHumaneval(sitePackages())).map((problem) => ({
    // Prompt and response meet at a line break, where tokens never merge.
    prompt: problem.prompt.trim(),
    solution: "\n" + problem.canonical_solution.trimEnd(),
  })).filter(({ prompt }) => {
    const tokens = tokenizer.encode(prompt).length;
    return tokens >= PROMPT_TOKENS.min && tokens <= PROMPT_TOKENS.max;
  });
  const rows = problems.flatMap(({ prompt, solution }, i) => {
    const next = problems[(i + 1) % problems.length].solution;
    return [...spaced(plantedBugs(solution), REJECTED_PER_PROMPT), next]
      .slice(0, REJECTED_PER_PROMPT)
      .map((rejected) => ({ prompt, chosen: solution, rejected }));
  });
  const { kept, leftOut } = withoutLong(rows, tokenizer);
  const train = kept.slice(0, TRAIN_PAIRS);
  const trained = new Set(train.map(({ prompt }) => prompt));
  return {
    train,
    heldOut: kept.slice(TRAIN_PAIRS).filter(({ prompt }) => !trained.has(prompt)),
    source: "HumanEval: reference solutions, and the same with a mistake planted",
    leftOut,
  };
}

/**
 * The pairs of a file of one's own; a tenth of the prompts is held out.
 * @throws InputError when the file cannot be read, or nothing in it is short enough
 */
export async function pairsOfFile(path: string, tokenizer: Tokenizer): Promise<BenchPairs> {
  const [train, heldOut] = await Promise.all(
    (["train", "test"] as const).map(async (split) =>
      withoutLong(
        (await loadExamples([path], split)).examples.flatMap((example) => textsOf(example)),
        tokenizer,
      )
    ),
  );
  if (train.kept.length === 0) {
    throw new InputError(
      `${path} holds no pair to train on whose sequences have at most ${MAX_LENGTH} tokens.`,
    );
  }
  return {
    train: train.kept,
    heldOut: heldOut.kept,
    source: path,
    leftOut: train.leftOut + heldOut.leftOut,
  };
}

/** At most `count` of the items, from all over the list. */
function spaced<T>(items: T[], count: number): T[] {
  if (items.length <= count) return items;
  return Array.from(
    { length: count },
    (_, i) => items[Math.floor((i + 0.5) * items.length / count)],
  );
}

function withoutLong(rows: PreferenceRow[], tokenizer: Tokenizer) {
  const kept = rows.filter((row) => {
    const { chosen, rejected } = tokenizePair(tokenizer, row, {
      maxLength: 1 << 20,
      maxPromptLength: 1 << 19,
    });
    return Math.max(chosen.ids.length, rejected.ids.length) <= MAX_LENGTH;
  });
  return { kept, leftOut: rows.length - kept.length };
}
