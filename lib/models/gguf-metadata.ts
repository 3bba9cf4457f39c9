/**
 * What a GGUF file says of its model beside the weights: the keys of its architecture, and small tensors that follow
 * from the configuration.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";

/** Values of a file, or of one that is about to be written. */
export interface GgufValues {
  /** For messages. */
  path: string;
  /** Key to value; 64-bit integers as `bigint`. */
  metadata: Readonly<Record<string, unknown>>;
  hasTensor(name: string): boolean;
  /** A tensor's values; called for those that are there. */
  readTensor(name: string): Float32Array;
  /** Whether two tensors that are there are the same bytes of one format. */
  sameTensor(one: string, other: string): boolean;
}

/** The keys that begin with the architecture's name, which is left out of them here. */
export class GgufMetadata {
  constructor(readonly architecture: string, private readonly values: GgufValues) {}

  get path(): string {
    return this.values.path;
  }

  has(key: string): boolean {
    return this.values.metadata[this.#named(key)] !== undefined;
  }

  /** @throws InputError when it is no number, or missing without an `otherwise` */
  number(key: string, otherwise?: number): number {
    return this.#number(this.#named(key), otherwise);
  }

  /** A number that is there or not. */
  optional(key: string): number | undefined {
    return this.has(key) ? this.number(key) : undefined;
  }

  /** As {@link number}, for a key of the tokenizer. */
  tokenId(key: "bos" | "eos", otherwise?: number): number {
    return this.#number(`tokenizer.ggml.${key}_token_id`, otherwise);
  }

  flag(key: string, otherwise: boolean): boolean {
    return (this.values.metadata[this.#named(key)] ?? otherwise) === true;
  }

  text(key: string): string | undefined {
    const value = this.values.metadata[this.#named(key)];
    return typeof value === "string" ? value : undefined;
  }

  hasTensor(name: string): boolean {
    return this.values.hasTensor(name);
  }

  sameTensor(one: string, other: string): boolean {
    return this.values.sameTensor(one, other);
  }

  /** The values of a small tensor, or undefined where there is none. */
  floats(name: string): number[] | undefined {
    return this.hasTensor(name) ? Array.from(this.values.readTensor(name), decimal) : undefined;
  }

  #named(key: string): string {
    return `${this.architecture}.${key}`;
  }

  #number(key: string, otherwise?: number): number {
    const value = this.values.metadata[key];
    if (typeof value === "number" || typeof value === "bigint") return decimal(Number(value));
    if (value === undefined && otherwise !== undefined) return otherwise;
    throw new InputError(
      `${this.path}: the metadata key ${key} is ${
        value === undefined ? "missing" : `${JSON.stringify(value)}, not a number`
      }.`,
    );
  }
}

/** The shortest decimal that fp32 rounds to the same value: 0.000009999999747378752 → 0.00001. */
function decimal(value: number): number {
  if (Number.isInteger(value)) return value;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return short;
  }
  return value;
}
