/** Kinds of tokens in GGUF, `tokenizer.ggml.token_type` (`enum llama_token_type`). */
export const TOKEN_TYPES = {
  normal: 1,
  unknown: 2,
  control: 3,
  userDefined: 4,
  unused: 5,
  byte: 6,
} as const;
