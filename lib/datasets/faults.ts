/**
 * Faults of preference data that training would learn from in silence.
 *
 * @module
 */
import { textsOf } from "@/lib/datasets/batches.ts";
import type { ExampleList } from "@/lib/datasets/example-list.ts";
import { promptKey } from "@/lib/datasets/digest.ts";
import type { PromptFormat } from "@/lib/datasets/tokenize.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import type { Tokenizer } from "@/lib/models/tokenizer.ts";

/** One kind of fault, with how often it was found. */
export interface Fault {
  name: FaultName;
  count: number;
  /** Of how many. */
  of: number;
  /** What was counted. */
  unit: "pairs" | "prompts" | "responses";
  /** Beginning of the first text that has it. */
  first: string;
  /** Training is refused. */
  fatal: boolean;
}

/** What can be wrong, and what to do about it. */
const FAULTS = {
  "empty response": {
    says: "have an empty response",
    fix: "the model learns to answer nothing; remove them",
  },
  "same responses": {
    says: "have the same text chosen and rejected",
    fix: "they teach nothing; remove them",
  },
  "same responses after truncation": {
    says: "have chosen and rejected responses that differ only behind the cut",
    fix: "they teach nothing; raise max_length",
  },
  "both labels": {
    says: "are there with the opposite label too",
    fix: "the two cancel; decide, or remove both",
  },
  "question in both splits": {
    says: "of the test split are in the training split too",
    fix: "held-out numbers would be about what was trained on; split by prompt",
  },
  "double BOS": {
    says: "begin with the beginning-of-sequence token twice",
    fix: "the template or the data adds one too many",
  },
  "BOS in the text": {
    says: "begin with the name of the beginning-of-sequence token",
    fix: "it is read as plain text; remove it from the data",
  },
  "EOS in a response": {
    says: "hold the name of the end-of-sequence token",
    fix: "each response is closed with it anyway; remove it from the data",
  },
  "missing EOS": {
    says: "are cut before the end-of-sequence token that closes them",
    fix: "the model learns no end there; raise max_length",
  },
  "template applied twice": {
    says: "hold marks of this model's chat template",
    fix: "prompt_format=chat applies the template; give the messages' text alone",
  },
  "template in plain prompts": {
    says: "hold marks of this model's chat template",
    fix:
      "prompt_format=plain reads them as text; give the messages' text alone and prompt_format=chat",
  },
  "template of another family": {
    says: "hold marks of a chat template that is not this model's",
    fix: "they are plain text to it; give the messages' text alone",
  },
  "token beyond the vocabulary": {
    says: "have a token id that the model has no embedding for",
    fix: "the tokenizer is another model's",
  },
} as const;
export type FaultName = keyof typeof FAULTS;

/** Marks of chat templates; what a person writes hardly ever holds one. */
const TEMPLATE_MARKS = [
  "<|im_start|>",
  "<|im_end|>",
  "[INST]",
  "[/INST]",
  "<<SYS>>",
  "<|start_header_id|>",
  "<|eot_id|>",
  "<start_of_turn>",
  "<end_of_turn>",
  "<|user|>",
  "<|assistant|>",
  "<|end|>",
  "<｜User｜>",
  "<｜Assistant｜>",
];

/** What texts are looked at with. */
export interface FaultOptions {
  tokenizer: Tokenizer;
  promptFormat?: PromptFormat;
  bosId?: number;
  sftMode?: boolean;
}

/** Counts one kind of fault. */
class Counter {
  private found = new Map<FaultName, { count: number; first: string; fatal: boolean }>();

  note(name: FaultName, text: string, fatal = false): void {
    const fault = this.found.get(name);
    if (fault) fault.count++;
    else this.found.set(name, { count: 1, first: text.slice(0, 60), fatal });
  }

  list(totals: Record<Fault["unit"], number>, unitOf: (name: FaultName) => Fault["unit"]): Fault[] {
    return [...this.found].map(([name, fault]) => {
      const unit = unitOf(name);
      return { name, ...fault, unit, of: totals[unit] };
    });
  }
}

const UNITS: Partial<Record<FaultName, Fault["unit"]>> = {
  "empty response": "responses",
  "EOS in a response": "responses",
  "missing EOS": "responses",
  "same responses": "pairs",
  "same responses after truncation": "pairs",
  "both labels": "pairs",
  "token beyond the vocabulary": "pairs",
};

/**
 * Faults of the texts themselves, in all of the data.
 *
 * @param held the test split; nothing but its prompts is looked at
 */
export function textFaults(
  examples: ExampleList,
  held: ExampleList,
  { tokenizer, promptFormat = "plain", bosId, sftMode = false }: FaultOptions,
): Fault[] {
  const counter = new Counter(), template = tokenizer.chatTemplate ?? "";
  const own = TEMPLATE_MARKS.filter((mark) => template.includes(mark));
  const others = TEMPLATE_MARKS.filter((mark) => !template.includes(mark));
  const eos = tokenizer.decode([tokenizer.eosId]);
  const bos = bosId === undefined ? null : tokenizer.decode([bosId]);
  const holds = (text: string, marks: string[]) => marks.some((mark) => text.includes(mark));
  let pairs = 0, responses = 0;
  const heldOut = new Set<string>(), inBoth = new Set<string>();
  for (const { prompt } of held) heldOut.add(promptKey(prompt));
  for (const example of examples) {
    const { prompt } = example;
    if (heldOut.size > 0) {
      const key = promptKey(prompt);
      if (heldOut.has(key)) inBoth.add(key);
    }
    if (holds(prompt, own)) {
      const name = promptFormat === "chat" ? "template applied twice" : "template in plain prompts";
      counter.note(name, prompt);
    } else if (holds(prompt, others)) counter.note("template of another family", prompt);
    else if (bos && prompt.trimStart().startsWith(bos)) counter.note("BOS in the text", prompt);
    const seen = new Set<string>();
    for (const { chosen, rejected } of textsOf(example, sftMode)) {
      pairs++;
      const texts = sftMode ? [chosen] : [chosen, rejected];
      responses += texts.length;
      for (const text of texts) {
        if (text === "") counter.note("empty response", prompt);
        if (text.includes(eos)) counter.note("EOS in a response", text, true);
      }
      if (sftMode) continue;
      if (chosen === rejected) counter.note("same responses", prompt);
      else if (seen.has(JSON.stringify([rejected, chosen]))) counter.note("both labels", prompt);
      seen.add(JSON.stringify([chosen, rejected]));
    }
  }
  for (const { prompt } of inBoth.size > 0 ? held : []) {
    if (inBoth.has(promptKey(prompt))) counter.note("question in both splits", prompt);
  }
  const totals = { pairs, responses, prompts: examples.length };
  return counter.list(totals, (name) => UNITS[name] ?? "prompts")
    .map((fault) =>
      fault.name === "question in both splits" ? { ...fault, of: held.length } : fault
    );
}

/** Faults that show in tokens, after truncation. */
export function tokenFaults(
  pairs: readonly TokenizedPair[],
  { bosId, sftMode = false, vocabularySize, eosId }: Omit<FaultOptions, "tokenizer"> & {
    vocabularySize: number;
    eosId: number;
  },
): Fault[] {
  const counter = new Counter();
  for (const { prompt, chosen, rejected, truncated } of pairs) {
    const [first, second] = chosen.ids;
    if (bosId !== undefined && first === bosId && second === bosId) {
      counter.note("double BOS", prompt);
    }
    for (const { ids } of sftMode ? [chosen] : [chosen, rejected]) {
      if (ids.at(-1) !== eosId) counter.note("missing EOS", prompt);
    }
    const cut = truncated.chosen || truncated.rejected;
    if (!sftMode && cut && chosen.ids.join() === rejected.ids.join()) {
      counter.note("same responses after truncation", prompt);
    }
    if ([...chosen.ids, ...rejected.ids].some((id) => id >= vocabularySize)) {
      counter.note("token beyond the vocabulary", prompt, true);
    }
  }
  const responses = (sftMode ? 1 : 2) * pairs.length;
  const totals = { pairs: pairs.length, responses, prompts: pairs.length };
  return counter.list(totals, (name) => UNITS[name] ?? "prompts");
}

/** A fault as a sentence with what to do. */
export function faultLine({ name, count, of, unit, first }: Fault): string {
  const { says, fix } = FAULTS[name];
  return `${name}: ${count} of ${of} ${unit} ${says} (the first begins ${
    JSON.stringify(first)
  }); ${fix}`;
}
