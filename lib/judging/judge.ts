/**
 * Runs the unit tests of a question on one candidate and says how it did.
 *
 * @module
 */
import { InputError, OperationError } from "@/lib/errors.ts";
import type { Question, QuestionTest } from "@/lib/questions/question.ts";
import { DEFAULT_LIMITS, type Limits, Slot } from "@/lib/judging/slot.ts";

export type Verdict = "pass" | "wrong" | "error" | "timeout" | "memory" | "killed";

/** How one test case went. Texts are shortened. */
export interface CaseResult {
  position: number;
  verdict: Verdict;
  input: string;
  expected: string;
  /** What the candidate returned last; null when it returned nothing. */
  got: string | null;
  error: string | null;
}

/** How one candidate did. */
export interface Judgement {
  /** `pass`: every case passed; else the verdict of the first case that did not. */
  verdict: Verdict;
  cases_total: number;
  cases_passed: number;
  first_failure: Omit<CaseResult, "verdict"> | null;
  /** The cases that were run: a run ends early at timeout, memory, killed, and at code that does not load. */
  cases: CaseResult[];
  /** CPU time of the candidate's processes. */
  milliseconds: number;
  peak_memory_bytes: number;
  /** What really kept the candidate away from the machine. */
  isolation: string;
}

/** A question with its tests, ready to be judged. */
export interface JudgeableQuestion {
  question: Question;
  tests: QuestionTest[];
}

interface Report {
  verdict: Verdict;
  total: number;
  passed: number;
  failure: CaseResult | null;
  cases: CaseResult[];
  cpu: number;
  memory: number;
  isolation: string;
}

type Answer = Report | { failed: string } | { harness_error: string };

/** Judging slots that share the work; a slot that fails is replaced. */
export class JudgePool {
  #free: Slot[] = [];
  #all = new Set<Slot>();
  #waiting: (() => void)[] = [];
  #numbers: number[];

  /** @param size how many candidates are judged at one time */
  constructor(readonly size: number, readonly limits: Limits = DEFAULT_LIMITS) {
    // Random, because another process may be judging on this machine too.
    this.#numbers = [...crypto.getRandomValues(new Uint32Array(size))].map((n) => n >>> 5);
  }

  /**
   * Judges one candidate; waits for a free slot.
   * @throws InputError when the question has no tests that can be run
   * @throws OperationError when judging itself failed, twice
   */
  async judge({ question, tests }: JudgeableQuestion, code: string): Promise<Judgement> {
    const { harness } = question;
    if (!harness || tests.length === 0) {
      throw new InputError(`Question ${question.slug} has no unit tests that can be run.`);
    }
    const job = {
      limits: this.limits,
      code,
      prelude: harness.prelude,
      classes: harness.classes,
      functions: harness.functions,
      module: harness.module,
      cases: tests.map(({ position, input, expected }) => ({
        position,
        input,
        expected,
        statement: harness.statements[position] ?? null,
      })),
    };
    let answer: Answer;
    try {
      answer = await this.#ask(job);
      if ("failed" in answer) answer = await this.#ask(job);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      answer = await this.#ask(job);
    }
    if ("failed" in answer) {
      throw new OperationError(`Judging ${question.slug} failed: ${answer.failed}.`);
    }
    if ("harness_error" in answer) {
      throw new OperationError(
        `The tests of ${question.slug} cannot be run: ${answer.harness_error}.`,
      );
    }
    return judgement(answer);
  }

  /** Ends all slots. */
  async close(): Promise<void> {
    await Promise.all([...this.#all].map((slot) => slot.close()));
    this.#all.clear();
    this.#free = [];
  }

  async #ask(job: unknown): Promise<Answer> {
    const slot = await this.#take();
    try {
      const answer = await slot.ask(job, this.limits.job_seconds) as Answer;
      this.#free.push(slot);
      return answer;
    } catch (error) {
      this.#all.delete(slot);
      await slot.close();
      throw error;
    } finally {
      this.#waiting.shift()?.();
    }
  }

  async #take(): Promise<Slot> {
    while (true) {
      const free = this.#free.pop();
      if (free) return free;
      if (this.#all.size + this.#starting < this.size) return await this.#start();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #starting = 0;
  async #start(): Promise<Slot> {
    this.#starting++;
    try {
      const slot = await Slot.start(this.#numbers[this.#all.size], this.limits.job_seconds);
      this.#all.add(slot);
      return slot;
    } finally {
      this.#starting--;
    }
  }
}

function judgement(report: Report): Judgement {
  const result = ({ position, verdict, input, expected, got, error }: CaseResult): CaseResult => (
    { position, verdict, input, expected, got, error }
  );
  const { verdict: _, ...failure } = report.failure ? result(report.failure) : { verdict: null };
  return {
    verdict: report.verdict,
    cases_total: report.total,
    cases_passed: report.passed,
    first_failure: report.failure ? failure as Omit<CaseResult, "verdict"> : null,
    cases: report.cases.map(result),
    milliseconds: report.cpu * 1000,
    peak_memory_bytes: report.memory,
    isolation: report.isolation,
  };
}

/**
 * Judges one candidate in a slot of its own.
 * @throws as {@link JudgePool.judge}
 */
export async function judge(
  question: JudgeableQuestion,
  code: string,
  limits: Limits = DEFAULT_LIMITS,
): Promise<Judgement> {
  const pool = new JudgePool(1, limits);
  try {
    return await pool.judge(question, code);
  } finally {
    await pool.close();
  }
}
