/**
 * A model's prompt as a template of Ollama's (Go's text/template).
 *
 * The chat template is Jinja, which Ollama does not run. What it puts around messages is found by rendering it, and
 * the Go template made of that is only used where it gives the same text for longer chats too.
 *
 * @see {@link https://github.com/ollama/ollama/blob/v0.6.5/docs/template.md}
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { ChatMessage, Tokenizer } from "@/lib/models/tokenizer.ts";

/** The template for prompts that go to the model as they are. */
export const PLAIN_TEMPLATE = "{{ .Prompt }}";

/** What stands around the messages of each role. */
interface Frame {
  /** Before a chat without a system message. */
  noSystem: string;
  system: [string, string] | null;
  user: [string, string];
  assistant: [string, string];
  /** After the last message. */
  generation: string;
}

const SYSTEM = "Xsystem1X", USER = ["Xuser1X", "Xuser2X"], ASSISTANT = "Xassistant1X";
const system: ChatMessage = { role: "system", content: SYSTEM };
const [user1, user2] = USER.map((content) => ({ role: "user", content }));
const assistant: ChatMessage = { role: "assistant", content: ASSISTANT };

/**
 * The Go template of the tokenizer's chat template; undefined where it has none, or one that does more than put texts
 * around messages.
 */
export function ollamaTemplate(tokenizer: Tokenizer): string | undefined {
  if (tokenizer.chatTemplate === undefined) return undefined;
  const frame = frameOf(tokenizer);
  if (!frame) return undefined;
  const texts = [
    frame.noSystem,
    ...frame.system ?? [],
    ...frame.user,
    ...frame.assistant,
    frame.generation,
  ];
  if (texts.some((text) => text.includes("{{"))) return undefined;
  const chats = [
    [user1],
    [user1, assistant, user2],
    ...(frame.system ? [[system, user1], [system, user1, assistant, user2]] : []),
  ];
  const same = chats.every((chat) => render(tokenizer, chat) === framed(frame, chat));
  return same ? goTemplate(frame) : undefined;
}

function render(tokenizer: Tokenizer, messages: ChatMessage[]): string | undefined {
  try {
    return tokenizer.decode(tokenizer.chatPrompt(messages));
  } catch (error) {
    // The template refuses such a chat: many know no system role.
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** The texts around the messages: split where two chats agree. */
function frameOf(tokenizer: Tokenizer): Frame | undefined {
  const chat = between(render(tokenizer, [user1, assistant, user2]), [USER[0], ASSISTANT, USER[1]]);
  if (!chat) return undefined;
  const withSystem = between(render(tokenizer, [system, user1]), [SYSTEM, USER[0]]);
  const [start, toAssistant, toUser, end] = chat;
  const beforeUser = commonEnd([start, toUser, ...(withSystem ? [withSystem[1]] : [])]);
  const afterUser = commonStart(toAssistant, end);
  const without = (text: string) => text.slice(0, text.length - beforeUser.length);
  return {
    noSystem: without(start),
    system: withSystem ? [withSystem[0], without(withSystem[1])] : null,
    user: [beforeUser, afterUser],
    assistant: [toAssistant.slice(afterUser.length), without(toUser)],
    generation: end.slice(afterUser.length),
  };
}

/** The texts before, between and after the contents; undefined unless they occur once each and in order. */
function between(text: string | undefined, contents: string[]): string[] | undefined {
  if (text === undefined) return undefined;
  const parts = text.split(new RegExp(contents.join("|")));
  const found = text.match(new RegExp(contents.join("|"), "g")) ?? [];
  return found.join() === contents.join() ? parts : undefined;
}

function commonStart(a: string, b: string): string {
  let n = 0;
  while (n < a.length && a[n] === b[n]) n++;
  return a.slice(0, n);
}

function commonEnd(texts: string[]): string {
  const reversed = texts.map((text) => [...text].reverse().join(""));
  return [...reversed.reduce(commonStart)].reverse().join("");
}

function framed(frame: Frame, messages: ChatMessage[]): string {
  const start = messages[0].role === "system" ? "" : frame.noSystem;
  const inside = messages.map(({ role, content }) => {
    const [before, after] = frame[role as "system" | "user" | "assistant"]!;
    return before + content + after;
  });
  return start + inside.join("") + frame.generation;
}

function goTemplate({ noSystem, system, user, assistant, generation }: Frame): string {
  const around = ([before, after]: [string, string]) => `${before}{{ $m.Content }}${after}`;
  return [
    ...(noSystem ? [`{{ if not .System }}${noSystem}{{ end }}`] : []),
    "{{ range $m := .Messages }}",
    ...(system ? [`{{ if eq $m.Role "system" }}${around(system)}{{ end }}`] : []),
    `{{ if eq $m.Role "user" }}${around(user)}{{ end }}`,
    `{{ if eq $m.Role "assistant" }}${around(assistant)}{{ end }}`,
    `{{ end }}${generation}`,
  ].join("");
}
