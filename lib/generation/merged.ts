/**
 * One batch for several users of a generator: a step of the embedded model costs little more with many answers
 * under way than with few.
 *
 * @module
 */
import type {
  Answer,
  GenerateOptions,
  GenerationRequest,
  Generator,
} from "@/lib/generation/generator.ts";

interface Call {
  requests: GenerationRequest[];
  options: GenerateOptions;
  resolve: (answers: Answer[]) => void;
  reject: (error: unknown) => void;
}

/**
 * Runs `users` side by side on a generator whose `generate` waits until each of them has called it or is through;
 * what they ask for is then generated as one, in the order of the users.
 *
 * @returns the users' results
 * @throws what the generator or the first failing user throws, when all have ended
 */
export async function withMergedCalls<T extends unknown[]>(
  generator: Generator,
  users: { [I in keyof T]: (generator: Generator) => Promise<T[I]> },
): Promise<T> {
  const waiting = new Map<number, Call>();
  let active = users.length;
  const flush = () => {
    if (waiting.size === 0 || waiting.size < active) return;
    const calls = [...waiting].sort(([a], [b]) => a - b).map(([, call]) => call);
    waiting.clear();
    generateAsOne(generator, calls);
  };
  const runs = users.map(async (user, index) => {
    const generate = (requests: GenerationRequest[], options: GenerateOptions = {}) =>
      new Promise<Answer[]>((resolve, reject) => {
        waiting.set(index, { requests, options, resolve, reject });
        flush();
      });
    try {
      return await user({ ...generator, generate });
    } finally {
      active--;
      flush();
    }
  });
  const settled = await Promise.allSettled(runs);
  const failed = settled.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  return settled.map((result) => (result as PromiseFulfilledResult<unknown>).value) as T;
}

async function generateAsOne(generator: Generator, calls: Call[]): Promise<void> {
  const requests = calls.flatMap((call) => call.requests);
  const starts = calls.map((_, i) =>
    calls.slice(0, i).reduce((sum, call) => sum + call.requests.length, 0)
  );
  const ownerOf = (index: number) => starts.findLastIndex((start) => start <= index);
  const signals = calls.flatMap(({ options }) => options.signal ?? []);
  try {
    const answers = await generator.generate(requests, {
      signal: signals.length > 0 ? AbortSignal.any(signals) : undefined,
      onText: (index, delta) => {
        const owner = ownerOf(index);
        calls[owner].options.onText?.(index - starts[owner], delta);
      },
      onAnswer: (index, answer) => {
        const owner = ownerOf(index);
        return calls[owner].options.onAnswer?.(index - starts[owner], answer);
      },
    });
    calls.forEach((call, i) =>
      call.resolve(answers.slice(starts[i], starts[i] + call.requests.length))
    );
  } catch (error) {
    calls.forEach((call) => call.reject(error));
  }
}
