/**
 * Examples to train on, in memory or on disk: what is drawn from looks the same.
 *
 * @module
 */
import type { TruncationMode } from "@/lib/datasets/tokenize.ts";
import type { PromptPreferences } from "@/lib/datasets/types.ts";

/** One prompt with all that is known about it, and how its dataset wants prompts cut. */
export interface FlatExample extends PromptPreferences {
  prompt: string;
  truncationMode: TruncationMode;
}

/** Examples by their number. An array of examples is one. */
export interface ExampleList extends Iterable<FlatExample> {
  readonly length: number;
  at(index: number): FlatExample | undefined;
  /** Pairs of all examples together, where they were counted before. */
  readonly pairCount?: number;
}

/** A list, or some of its examples. */
export interface ExamplePart {
  list: ExampleList;
  /** The numbers of the examples that are taken, in their order, and how many pairs they have. */
  picked?: { numbers: Uint32Array; pairCount: number };
}

/** Several lists as one, one after the other. */
export class JoinedExamples implements ExampleList {
  readonly length: number;
  readonly pairCount: number | undefined;
  private readonly starts: number[] = [];

  constructor(private readonly parts: readonly ExamplePart[]) {
    let length = 0, pairs: number | undefined = 0;
    for (const { list, picked } of parts) {
      this.starts.push(length);
      length += picked?.numbers.length ?? list.length;
      const some = picked?.pairCount ?? list.pairCount;
      pairs = pairs === undefined || some === undefined ? undefined : pairs + some;
    }
    this.length = length;
    this.pairCount = pairs;
  }

  at(index: number): FlatExample | undefined {
    if (index < 0 || index >= this.length) return undefined;
    const part = this.starts.findLastIndex((start) => start <= index);
    const { list, picked } = this.parts[part], inside = index - this.starts[part];
    return list.at(picked ? picked.numbers[inside] : inside);
  }

  *[Symbol.iterator](): Iterator<FlatExample> {
    for (const { list, picked } of this.parts) {
      if (!picked) yield* list;
      else for (const index of picked.numbers) yield list.at(index)!;
    }
  }
}
