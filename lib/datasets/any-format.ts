/**
 * Rows in the formats of TRL's preference datasets, plain or conversational: `prompt, chosen, rejected`;
 * `chosen, rejected`, which both begin with the prompt; `prompt, completion, label`.
 *
 * https://huggingface.co/docs/trl/dataset_formats; the implicit prompt as TRL's `extract_prompt` finds it.
 *
 * @module
 */
import {
  kindOf,
  type LeftOut,
  needColumns,
  type RowPreferences,
  type SourceRow,
  textIn,
} from "@/lib/datasets/source-row.ts";
import { InputError } from "@/lib/errors.ts";
import type { ChatMessage } from "@/lib/models/tokenizer.ts";

/** A dataset with one of these has its prompts there, and none that both responses begin with. */
const PROMPT_ELSEWHERE = ["question", "instruction", "query", "input"];

/**
 * A row of any of the formats.
 *
 * @throws InputError when the columns are of none of them, or hold anything but text and messages
 */
export function readAnyFormat(row: SourceRow): RowPreferences | LeftOut {
  if ("completion" in row && "label" in row) return unpaired(row);
  const hasBoth = "chosen" in row && "rejected" in row;
  if (!hasBoth || !("prompt" in row) && PROMPT_ELSEWHERE.some((name) => name in row)) {
    needColumns(row, ["prompt", "chosen", "rejected"]);
  }
  const prompt = "prompt" in row ? textOrMessages(row, "prompt") : null;
  const chosen = textOrMessages(row, "chosen"), rejected = textOrMessages(row, "rejected");
  if (typeof chosen !== typeof rejected) {
    throw new InputError("chosen and rejected have to be both text or both messages.");
  }
  // Messages hold the prompt once more where the column prompt is text, as in UltraFeedback.
  const implicit = prompt === null || typeof prompt === "string" && typeof chosen !== "string";
  const parts = implicit ? withoutCommonBeginning(chosen, rejected) : { prompt, chosen, rejected };
  if (parts === null) return { leftOut: "chosen and rejected with no common prompt" };
  const asked = promptOf(parts.prompt), good = responseOf(parts.chosen);
  const bad = responseOf(parts.rejected);
  if (asked === null) return { leftOut: "prompt that ends with the model's own message" };
  if (good === null || bad === null) return { leftOut: "response of several messages" };
  return {
    ...asked,
    responses: [good, bad],
    pairs: [[0, 1]],
    sft_target: good,
    labelerKind: typeof row.labeler_kind === "string" ? row.labeler_kind : undefined,
  };
}

function unpaired(row: SourceRow): RowPreferences | LeftOut {
  needColumns(row, ["prompt", "completion", "label"]);
  const asked = promptOf(textOrMessages(row, "prompt"));
  const response = responseOf(textOrMessages(row, "completion"));
  if (asked === null) return { leftOut: "prompt that ends with the model's own message" };
  if (response === null) return { leftOut: "response of several messages" };
  return { ...asked, responses: [response], pairs: [], desirable: [labelIn(row)] };
}

/** Text files have no truth values, so their names are taken too. */
function labelIn({ label }: SourceRow): boolean {
  if (typeof label === "boolean") return label;
  if (typeof label === "string" && /^(true|false)$/i.test(label)) {
    return label.toLowerCase() === "true";
  }
  throw new InputError(
    `label has to be true or false, found ${JSON.stringify(label) ?? "nothing"}.`,
  );
}

function textOrMessages(row: SourceRow, column: string): string | ChatMessage[] {
  const value = row[column];
  if (!Array.isArray(value)) return textIn(row, column);
  if (value.length === 0) {
    throw new InputError(`${column} has to be text or messages, found an empty list.`);
  }
  return value.map((message) => {
    const { role, content } = (message ?? {}) as Partial<ChatMessage>;
    if (typeof role === "string" && typeof content === "string") return { role, content };
    throw new InputError(
      `${column} has to be text or messages with role and content as text, found ${
        message && typeof message === "object"
          ? `role ${kindOf(role)}, content ${kindOf(content)}`
          : kindOf(message)
      } in a message.`,
    );
  });
}

/** The prompt as text, and as messages where it is more than one of a user; null where the model spoke last. */
function promptOf(
  prompt: string | ChatMessage[],
): Pick<RowPreferences, "prompt" | "messages"> | null {
  if (typeof prompt === "string") return { prompt };
  if (prompt.at(-1)!.role === "assistant") return null;
  if (prompt.length === 1 && prompt[0].role === "user") return { prompt: prompt[0].content };
  const written = prompt.map(({ role, content }) => `${role}: ${content}`).join("\n\n");
  return { prompt: written, messages: prompt };
}

function responseOf(response: string | ChatMessage[]): string | null {
  if (typeof response === "string") return response;
  return response.length === 1 && response[0].role === "assistant" ? response[0].content : null;
}

type Parts<T> = { prompt: T; chosen: T; rejected: T };

/**
 * What chosen and rejected begin with in common is the prompt. Of two that do not differ before one of them ends, the
 * last common piece is part of the responses, so that neither is empty.
 */
function withoutCommonBeginning(
  chosen: string | ChatMessage[],
  rejected: string | ChatMessage[],
): Parts<string | ChatMessage[]> | null {
  if (typeof chosen !== "string" || typeof rejected !== "string") {
    const same = (a: ChatMessage, b: ChatMessage) => a.role === b.role && a.content === b.content;
    return divided(chosen as ChatMessage[], rejected as ChatMessage[], same, () => false);
  }
  const parts = divided(
    Array.from(chosen),
    Array.from(rejected),
    (a, b) => a === b,
    (character) => character === " ",
  );
  return parts && {
    prompt: parts.prompt.join(""),
    chosen: parts.chosen.join(""),
    rejected: parts.rejected.join(""),
  };
}

function divided<T>(
  chosen: T[],
  rejected: T[],
  same: (a: T, b: T) => boolean,
  isSpace: (piece: T) => boolean,
): Parts<T[]> | null {
  const shorter = Math.min(chosen.length, rejected.length);
  let at = 0;
  while (at < shorter && same(chosen[at], rejected[at])) at++;
  if (at === shorter) at--;
  // A space before the responses belongs to them: that is how tokenizers write a word's beginning.
  else if (at > 0 && isSpace(chosen[at - 1])) at--;
  if (at <= 0) return null;
  return { prompt: chosen.slice(0, at), chosen: chosen.slice(at), rejected: rejected.slice(at) };
}
