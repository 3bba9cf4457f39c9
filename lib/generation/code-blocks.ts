/**
 * Reads the code out of a model's answer, as a person would: what cannot be read is reported, not guessed.
 *
 * @module
 */
import { cleanAnswer } from "@/lib/generation/reading/clean.ts";
import { fragmentsOf } from "@/lib/generation/reading/fragments.ts";
import {
  completed,
  defines,
  type Mended,
  mended,
  type Wanted,
} from "@/lib/generation/reading/mend.ts";
import { versionsOf } from "@/lib/generation/reading/versions.ts";

/**
 * `ok`: at least one code was read; the others have none, for the reason they name. `prompt_cut`: the model did
 * not see the whole question, so its answer was not read.
 */
export type ReadStatus = "ok" | "unread" | "cut" | "refused" | "empty" | "prompt_cut";

/** The codes of an answer, in their order. */
export interface ReadAnswer {
  codes: string[];
  status: ReadStatus;
  /** Names that were put right, each of one code. */
  mended?: Mended[];
}

/** What is known of an answer beside its text. */
export interface ReadOptions {
  /** `length`: it was cut at its length limit. */
  doneReason?: "stop" | "length";
  /** What its code has to define. Solutions without it are left out where others have it. */
  wanted?: Wanted;
}

/**
 * Reads the solutions from an answer, [shape by shape](../../docs/generation.md#how-answers-are-read). A solution
 * defines a function or a class; what only calls one, tests it or shows output is passed over, and so is other
 * languages' code. What the answer's end leaves unfinished does not count.
 */
export function extractCode(
  raw: string,
  { doneReason = "stop", wanted }: ReadOptions = {},
): ReadAnswer {
  if (raw.trim() === "") return { codes: [], status: "empty" };
  const isAtLimit = doneReason === "length";
  const { text, isThinking } = cleanAnswer(raw);
  const { programs, isCut } = versionsOf(fragmentsOf(text), isAtLimit);
  if (wanted && !programs.some((program) => defines(program, wanted))) {
    const whole = completed(text, wanted);
    const isOpen = isAtLimit && !/\n\S/.test(text.trim());
    if (whole && !isOpen) return { codes: [whole.text], status: "ok" };
  }
  if (programs.length === 0) {
    if (isCut || isAtLimit || isThinking) return { codes: [], status: "cut" };
    return { codes: [], status: REFUSAL.test(text.slice(0, 300)) ? "refused" : "unread" };
  }
  if (!wanted) return { codes: programs.map((program) => program.text), status: "ok" };
  const names: Mended[] = [];
  const named = programs.map((program) => {
    if (defines(program, wanted)) return program;
    const better = mended(program, wanted);
    if (better) names.push(better.mended);
    return better?.program ?? program;
  });
  const right = named.filter((program) => defines(program, wanted));
  return {
    codes: (right.length > 0 ? right : named).map((program) => program.text),
    status: "ok",
    ...names.length > 0 ? { mended: names } : {},
  };
}

const REFUSAL =
  /(?:^|[.!,]\s+|\n\s*|but\s+|so\s+|unfortunately,?\s+)(?:i'?m (?:really |very |so )?sorry|sorry,|my apologies|i apologi[sz]e|i(?:'m| am) (?:unable|not able|not allowed)|i (?:cannot|can(?:no|')?t|can’t|won'?t|will not|am not going to|do not feel|don'?t feel)|as an? (?:ai|language|large)|it (?:is|would be) (?:not appropriate|inappropriate|unethical))/i;
