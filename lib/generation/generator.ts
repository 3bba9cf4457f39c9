/**
 * What every source of answers looks like: a model behind Ollama or the embedded one.
 *
 * @module
 */

/** One request to a model. The same fields give the same answer on the same model and provider. */
export interface GenerationRequest {
  /** The user's message, without any chat template. */
  prompt: string;
  seed: number;
  /** 0 is greedy. */
  temperature: number;
  /** Nucleus sampling: 1 keeps every token. */
  top_p: number;
  /** Only the most probable tokens; the provider's default where it is not given (embedded: all). */
  top_k?: number;
  /** Only tokens at least this share as probable as the most probable; likewise (embedded: 0). */
  min_p?: number;
  /** More than 1 discourages repeating tokens; likewise (embedded: 1; Ollama looks at the last tokens only). */
  repeat_penalty?: number;
  /** The most tokens to answer with. */
  num_predict: number;
  /** Texts that end the answer; whether they are part of it is up to the provider. */
  stop?: string[];
  /** The context window in tokens that prompt and answer share. */
  num_ctx: number;
}

/** One answer of a model. */
export interface Answer {
  text: string;
  /**
   * `length`: the answer was cut at `num_predict` or at the end of the context; `prompt`: the prompt itself did not
   * fit into the context, so that the model saw a part of it, or was not asked.
   */
  doneReason: "stop" | "length" | "prompt";
  promptTokens: number;
  completionTokens: number;
  milliseconds: number;
}

/** How to follow a generation while it runs. Indices are positions in the list of requests. */
export interface GenerateOptions {
  onText?: (index: number, delta: string) => void;
  /** Called once per request as soon as its answer is complete; awaited before the slot is reused. */
  onAnswer?: (index: number, answer: Answer) => Promise<void> | void;
  signal?: AbortSignal;
}

/** A model that answers requests. */
export interface Generator {
  /** The name as in the settings: `smollm2`, `ollama:codellama:7b`. */
  readonly model: string;
  /** Digest of the weights, so that answers can be told apart after a model of one name was replaced. */
  readonly modelDigest: string;
  readonly provider: "ollama" | "embedded";
  /**
   * Answers all requests, in the order of the requests.
   * @throws OperationError when the model or its server fails
   * @throws DOMException `AbortError` when `signal` is aborted
   */
  generate(requests: GenerationRequest[], options?: GenerateOptions): Promise<Answer[]>;
  close(): Promise<void> | void;
}
