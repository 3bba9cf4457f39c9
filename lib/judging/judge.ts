/**
 * Runs the unit tests of a question on one candidate and says how it did.
 *
 * @module
 */
import { InputError, OperationError } from "@/lib/errors.ts";
import type { Question, QuestionTest } from "@/lib/questions/question.ts";
import { DEFAULT_LIMITS, type Limits, timeLimits } from "@/lib/judging/limits.ts";
import { defaultSandbox, type Sandbox } from "@/lib/judging/sandbox.ts";
import { Slot } from "@/lib/judging/slot.ts";

export type Verdict = "pass" | "wrong" | "error" | "timeout" | "memory" | "killed";

/** How one test case went. Texts are shortened. */
export interface CaseResult {
  position: number;
  verdict: Verdict;
  input: string;
  expected: string;
  /** What the candidate returned last; null when it returned nothing. */
  got: string | null;
  /** `NameError: name 'x' is not defined (line 2)`; null where the answer is merely wrong. */
  error: string | null;
  /** CPU time of the candidate's process, its start and loading the code included. */
  milliseconds: number;
  peak_memory_bytes: number;
  /** Where times are asked for: CPU time within the calls of the tests, in seconds, and a digest of what came back. */
  called_seconds?: number;
  answers?: string;
}

/** What people are told of the first case that did not pass. */
export type FirstFailure = Pick<CaseResult, "position" | "input" | "expected" | "got" | "error">;

/** How one candidate did. */
export interface Judgement {
  /** `pass`: every case passed; else the verdict of the first case that did not. */
  verdict: Verdict;
  cases_total: number;
  cases_passed: number;
  first_failure: FirstFailure | null;
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
  failure: ReportedCase | null;
  cases: ReportedCase[];
  cpu: number;
  memory: number;
}

type ReportedCase = FirstFailure & {
  verdict: Verdict;
  cpu: number;
  memory: number;
  called?: number;
  answers?: string;
};

/** The process that compares ended, at a case by its index; `started` is 1 once the candidate's code has run for it. */
interface Died {
  died: string;
  case: number;
  passed: number;
  started: 0 | 1;
}

type Answer = Report | Died | { harness_error: string };

interface Job {
  limits: Record<string, unknown>;
  timed: boolean;
  code: string;
  prelude: string;
  classes: string[];
  functions: Record<string, string>;
  module: string;
  cases: (Omit<QuestionTest, "slug"> & { statement: string | null })[];
}

/** What `python/judge.py` says of a candidate that somebody killed: itself, or a machine without memory. */
const KILLED_FROM_OUTSIDE = "ended by SIGKILL";

/** What a machine is given that has run out of processes or memory, before the second attempt. */
const RECOVERY_MILLISECONDS = 500;

/** Nothing is known of the candidate; a second attempt may tell. */
class Doubtful extends Error {}

/** Judging slots that share the work; a slot that fails is replaced. */
export class JudgePool {
  #free: Slot[] = [];
  #all = new Set<Slot>();
  #waiting: (() => void)[] = [];

  /** @param size how many candidates are judged at one time */
  constructor(
    readonly size: number,
    readonly limits: Limits = DEFAULT_LIMITS,
    readonly sandbox: Sandbox = defaultSandbox(),
  ) {}

  /**
   * Judges one candidate; waits for a free slot.
   * @param timed also tell the CPU time within calls, for some time more a call
   * @throws InputError when the question has no tests that can be run
   * @throws OperationError when the question's tests do not load, or judging itself failed twice: never a verdict
   */
  async judge(
    { question, tests }: JudgeableQuestion,
    code: string,
    timed = false,
  ): Promise<Judgement> {
    const { harness } = question;
    if (!harness || tests.length === 0) {
      const reason = question.unrunnable ? `: ${question.unrunnable}` : "";
      throw new InputError(
        `Question ${question.slug} has no unit tests that can be run${reason}.`,
      );
    }
    const cases = tests.map(({ position, input, expected }) => ({
      position,
      input,
      expected,
      statement: harness.statements[position] ?? null,
    }));
    const job: Job = {
      limits: { ...this.limits, ...timeLimits(this.limits, question.reference_seconds) },
      timed,
      code,
      prelude: harness.prelude,
      classes: harness.classes,
      functions: harness.functions,
      module: harness.module,
      cases,
    };
    try {
      return await this.#attempt(job, question.slug, false);
    } catch (error) {
      if (!(error instanceof Doubtful)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RECOVERY_MILLISECONDS));
    try {
      return await this.#attempt(job, question.slug, true);
    } catch (error) {
      if (!(error instanceof Doubtful)) throw error;
      throw new OperationError(
        `A solution of ${question.slug} was not judged, twice: ${error.message}.`,
      );
    }
  }

  /**
   * @param again whether the first attempt ended in doubt whose fault it was
   * @throws Doubtful when judging failed, or the candidate may have ended for a reason that is not its own
   */
  async #attempt(job: Job, slug: string, again: boolean): Promise<Judgement> {
    const { answer, isolation } = await this.#ask(job);
    if ("harness_error" in answer) {
      throw new OperationError(`The tests of ${slug} cannot be run: ${answer.harness_error}.`);
    }
    if ("died" in answer) {
      // Answers can end the process that compares them; so can a machine in want of memory, but hardly twice.
      const byAnswer = again && answer.started === 1 && answer.died !== "SIGKILL";
      if (!byAnswer) throw new Doubtful(`the process that compares ended with ${answer.died}`);
      return incomparable(answer, job.cases, isolation);
    }
    if (!again && answer.failure?.error === KILLED_FROM_OUTSIDE) {
      throw new Doubtful(`the solution was ${KILLED_FROM_OUTSIDE}`);
    }
    return judgement(answer, isolation);
  }

  /** Ends all slots. */
  async close(): Promise<void> {
    await Promise.all([...this.#all].map((slot) => slot.close()));
    this.#all.clear();
    this.#free = [];
  }

  async #ask(job: Job): Promise<{ answer: Answer; isolation: string }> {
    const slot = await this.#take().catch((error) => {
      throw error instanceof OperationError ? new Doubtful(error.message) : error;
    });
    try {
      const answer = await slot.ask(job, this.limits.job_seconds) as Answer | { fault: string };
      if ("fault" in answer) throw new OperationError(answer.fault);
      this.#free.push(slot);
      return { answer, isolation: slot.isolation };
    } catch (error) {
      this.#all.delete(slot);
      await slot.close();
      throw error instanceof OperationError ? new Doubtful(error.message) : error;
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
      // Random, because another process may be judging on this machine too.
      const number = crypto.getRandomValues(new Uint32Array(1))[0] >>> 5;
      const slot = await Slot.start(number, this.limits, this.sandbox);
      this.#all.add(slot);
      return slot;
    } catch (error) {
      this.#waiting.shift()?.();
      throw error;
    } finally {
      this.#starting--;
    }
  }
}

function judgement(report: Report, isolation: string): Judgement {
  const failure = ({ position, input, expected, got, error }: FirstFailure): FirstFailure => (
    { position, input, expected, got, error }
  );
  return {
    verdict: report.verdict,
    cases_total: report.total,
    cases_passed: report.passed,
    first_failure: report.failure && failure(report.failure),
    cases: report.cases.map((result) => ({
      ...failure(result),
      verdict: result.verdict,
      milliseconds: result.cpu * 1000,
      peak_memory_bytes: result.memory,
      ...result.called === undefined
        ? {}
        : { called_seconds: result.called, answers: result.answers },
    })),
    milliseconds: report.cpu * 1000,
    peak_memory_bytes: report.memory,
    isolation,
  };
}

/** The question's tests hold for right answers, so an answer that ends the process that compares is none. */
function incomparable(
  { died, case: index, passed }: Died,
  cases: Job["cases"],
  isolation: string,
): Judgement {
  const { position, input, expected } = cases[index];
  return {
    verdict: "error",
    cases_total: cases.length,
    cases_passed: passed,
    first_failure: {
      position,
      input: input.slice(0, 300),
      expected: expected.slice(0, 300),
      got: null,
      error: `the answer could not be compared: the process that did ended with ${died}`,
    },
    cases: [],
    milliseconds: 0,
    peak_memory_bytes: 0,
    isolation,
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
  sandbox: Sandbox = defaultSandbox(),
): Promise<Judgement> {
  const pool = new JudgePool(1, limits, sandbox);
  try {
    return await pool.judge(question, code);
  } finally {
    await pool.close();
  }
}
