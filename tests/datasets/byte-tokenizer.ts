import type { Tokenizer } from "@/lib/models/tokenizer.ts";

/** A tokenizer whose ids are UTF-8 bytes; 256 closes a sequence, 257 and 258 frame a chat message. */
export const byteTokenizer: Tokenizer = {
  encode: (text) => text.includes("\u0000EOS") ? [256] : [...new TextEncoder().encode(text)],
  decode: (ids) => Array.from(ids, (id) => id < 256 ? String.fromCharCode(id) : `<${id}>`).join(""),
  eosId: 256,
  padId: 256,
  vocabSize: 259,
  chatPrompt: (messages) =>
    messages.flatMap(({ content }) => [257, ...new TextEncoder().encode(content), 256, 258]),
  files: () => ({}),
};
