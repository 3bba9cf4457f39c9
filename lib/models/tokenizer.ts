/**
 * Text to token ids and back, through @huggingface/tokenizers, with two rules of our own: what a person wrote
 * never becomes a special token, and Unicode classes are those of the Rust library.
 *
 * @module
 */
import { Template } from "@huggingface/jinja";
import { Tokenizer as HfTokenizer } from "@huggingface/tokenizers";
import { InputError } from "@/lib/errors.ts";

/** One message of a chat. */
export interface ChatMessage {
  role: string;
  content: string;
}

/** A model's tokenizer. */
export interface Tokenizer {
  /**
   * Ids of plain text: no BOS or EOS is added, and the names of special tokens are text like any other. Bytes
   * without a token (SmolLM2 has none for six control characters and the planes 4 to 11) are left out, as in
   * transformers.
   */
  encode(text: string): number[];
  /** The text of the ids, special tokens by their names. Bytes that are not UTF-8 become U+FFFD. */
  decode(ids: ArrayLike<number>): string;
  readonly eosId: number;
  /** May equal `eosId`: mask by position, not by value. */
  readonly padId: number;
  /** One more than the largest id. */
  readonly vocabSize: number;
  readonly chatTemplate?: string;
  /**
   * Ids of the chat template rendered with the generation prompt. Special tokens come from the template alone;
   * the same strings inside a message stay text.
   *
   * @throws InputError when the model has no chat template, or the template refuses the messages
   */
  chatPrompt(messages: ChatMessage[]): number[];
  /** What a checkpoint keeps: file name to content (tokenizer.json, tokenizer_config.json, chat_template.jinja). */
  files(): Record<string, string>;
}

/** The parts of tokenizer.json that are looked at here; the rest passes through. */
export interface TokenizerJson {
  added_tokens: AddedToken[];
  pre_tokenizer: PreTokenizer | null;
  model: { vocab: Record<string, number> } & Record<string, unknown>;
  [key: string]: unknown;
}

/** A token outside of the model's merges. */
export interface AddedToken {
  id: number;
  content: string;
  special: boolean;
  lstrip?: boolean;
  rstrip?: boolean;
  single_word?: boolean;
  normalized?: boolean;
}

type PreTokenizer = { type: string } & Record<string, unknown>;

/** What a tokenizer is made from. */
export interface TokenizerParts {
  tokenizerJson: TokenizerJson;
  /** tokenizer_config.json: `eos_token`, `pad_token`, … as strings or as objects with `content`. */
  tokenizerConfig: Record<string, unknown>;
  chatTemplate?: string;
  /** Where the parts come from, for messages. */
  where: string;
}

/**
 * Makes a tokenizer.
 *
 * @throws InputError when the parts name no EOS token or @huggingface/tokenizers cannot read them
 */
export function createTokenizer(parts: TokenizerParts): Tokenizer {
  const { tokenizerJson, tokenizerConfig, chatTemplate, where } = parts;
  const specials = tokenizerJson.added_tokens.filter((token) => token.special);
  const text = buildPlain(tokenizerJson, where);
  const idOf = (key: string): number | undefined => {
    const value = tokenizerConfig[key];
    const content = typeof value === "object" && value !== null
      ? (value as { content?: unknown }).content
      : value;
    if (typeof content !== "string") return undefined;
    return tokenizerJson.added_tokens.find((token) => token.content === content)?.id ??
      tokenizerJson.model.vocab[content];
  };
  const eosId = idOf("eos_token");
  if (eosId === undefined) {
    throw new InputError(
      `${where}: tokenizer_config.json names no eos_token that the tokenizer has.`,
    );
  }
  let vocabSize = 0;
  for (const id of Object.values(tokenizerJson.model.vocab)) {
    vocabSize = Math.max(vocabSize, id + 1);
  }
  for (const { id } of tokenizerJson.added_tokens) vocabSize = Math.max(vocabSize, id + 1);

  const encode = (piece: string) =>
    piece === "" ? [] : text.encode(piece, { add_special_tokens: false }).ids;
  const nameOfSpecial = new Map(specials.map((token) => [token.id, token.content]));
  let template: Template | undefined;

  return {
    encode,
    eosId,
    padId: idOf("pad_token") ?? eosId,
    vocabSize,
    chatTemplate,
    decode(ids) {
      let out = "", run: number[] = [];
      const flush = () => {
        if (run.length > 0) out += text.decode(run, { clean_up_tokenization_spaces: false });
        run = [];
      };
      for (let i = 0; i < ids.length; i++) {
        const name = nameOfSpecial.get(ids[i]);
        if (name === undefined) {
          run.push(ids[i]);
        } else {
          flush();
          out += name;
        }
      }
      flush();
      return out;
    },
    chatPrompt(messages) {
      if (chatTemplate === undefined) {
        throw new InputError(`${where} has no chat template; use prompt_format=plain.`);
      }
      const names = specials.map((token) => token.content);
      const { hidden, reveal } = hideNames(messages, names);
      const tokenText = (key: string) => {
        const id = idOf(key);
        return id === undefined ? undefined : nameOfSpecial.get(id);
      };
      let rendered: string;
      try {
        template ??= new Template(chatTemplate);
        rendered = template.render({
          messages: hidden,
          add_generation_prompt: true,
          bos_token: tokenText("bos_token"),
          eos_token: tokenText("eos_token"),
          pad_token: tokenText("pad_token"),
          unk_token: tokenText("unk_token"),
        });
      } catch (error) {
        throw new InputError(`${where}: the chat template failed: ${(error as Error).message}.`);
      }
      return splitAtSpecials(rendered, specials).flatMap((part) =>
        typeof part === "number" ? [part] : encode(reveal(part))
      );
    },
    files() {
      return {
        "tokenizer.json": JSON.stringify(tokenizerJson),
        "tokenizer_config.json": JSON.stringify(tokenizerConfig, null, 2) + "\n",
        ...(chatTemplate === undefined ? {} : { "chat_template.jinja": chatTemplate }),
      };
    },
  };
}

/** The library's tokenizer without special tokens, so that their names in a text are text. */
function buildPlain(json: TokenizerJson, where: string): HfTokenizer {
  try {
    return new HfTokenizer({
      ...json,
      added_tokens: json.added_tokens.filter((token) => !token.special),
      pre_tokenizer: json.pre_tokenizer && exactPreTokenizer(json.pre_tokenizer),
    }, {});
  } catch (error) {
    throw new InputError(`${where}: tokenizer.json cannot be used: ${(error as Error).message}.`);
  }
}

/** GPT-2's pattern with Rust's white space: JavaScript's `\s` has U+FEFF and lacks U+0085. */
const BYTE_LEVEL_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\p{White_Space}\\p{L}\\p{N}]+|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+";

/**
 * The same pre-tokenizer with Unicode classes spelled out where JavaScript's shorthand differs from Rust's:
 * `Digits` means `\p{N}` there (² and ٣ too), but ASCII digits in the JavaScript library.
 */
function exactPreTokenizer(pre: PreTokenizer): PreTokenizer {
  const split = (regex: string): PreTokenizer => ({
    type: "Split",
    pattern: { Regex: regex },
    behavior: "Isolated",
    invert: false,
  });
  if (pre.type === "Sequence") {
    return { ...pre, pretokenizers: (pre.pretokenizers as PreTokenizer[]).map(exactPreTokenizer) };
  }
  if (pre.type === "Digits") return split(pre.individual_digits ? "\\p{N}" : "\\p{N}+");
  if (pre.type === "ByteLevel" && pre.use_regex !== false && !pre.add_prefix_space) {
    return {
      type: "Sequence",
      pretokenizers: [split(BYTE_LEVEL_PATTERN), { ...pre, use_regex: false }],
    };
  }
  return pre;
}

/** First code point of the plane that Unicode leaves to private use. */
const PRIVATE_PLANE = 0x100000;

/**
 * Replaces the names of special tokens inside messages by private characters that occur in none of them, so
 * that a template may trim or split a message and the names still come back as text.
 */
function hideNames(messages: ChatMessage[], names: string[]) {
  const ordered = [...names].sort((a, b) => b.length - a.length);
  const everything = messages.map((message) => message.role + message.content).join("");
  let base = PRIVATE_PLANE;
  const mark = (index: number) => String.fromCodePoint(base + index);
  while (ordered.some((_, index) => everything.includes(mark(index)))) base += ordered.length;
  const hide = (text: string) =>
    ordered.reduce((hidden, name, index) => hidden.replaceAll(name, mark(index)), text);
  return {
    hidden: messages.map(({ role, content }) => ({ role: hide(role), content: hide(content) })),
    reveal: (text: string) =>
      ordered.reduce((shown, name, index) => shown.replaceAll(mark(index), () => name), text),
  };
}

/** Cuts a rendered template into special tokens (their ids) and the texts between them. */
function splitAtSpecials(rendered: string, specials: AddedToken[]): (string | number)[] {
  if (specials.length === 0) return [rendered];
  const byName = new Map(specials.map((token) => [token.content, token]));
  const pattern = [...byName.keys()].sort((a, b) => b.length - a.length)
    .map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  const parts = rendered.split(new RegExp(`(${pattern})`));
  return parts.map((part, i) => {
    const token = byName.get(part);
    if (token) return token.id;
    const before = byName.get(parts[i - 1]), after = byName.get(parts[i + 1]);
    let text = part;
    if (before?.rstrip) text = text.trimStart();
    if (after?.lstrip) text = text.trimEnd();
    return text;
  });
}
