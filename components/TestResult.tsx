import type { RunState } from "@/lib/web/labeling/test-runs.ts";
import type { TestRun } from "@/lib/web/run-tests.ts";

/** What the unit tests said of one side. */
export function TestResult({ state }: { state: RunState }) {
  if (state.kind === "none") return null;
  return (
    <div class="tests" role="status" data-tests={state.kind}>
      {state.kind === "running" && <p>Running the tests …</p>}
      {state.kind === "failed" && <p class="error">{state.message}</p>}
      {state.kind === "done" && <Run run={state.run} />}
    </div>
  );
}

function Run({ run }: { run: TestRun }) {
  const { verdict, cases_total, cases_passed, milliseconds, first_failure, isolation } = run;
  return (
    <>
      <p>
        <span class={verdict === "pass" ? "badge good" : "badge"}>{verdict}</span> {cases_passed} of
        {" "}
        {cases_total} cases, {Math.round(milliseconds)} ms of CPU time{" "}
        <span class="dim">({isolation})</span>
      </p>
      {first_failure && (
        <dl>
          <dt>Input</dt>
          <dd>
            <code>{first_failure.input}</code>
          </dd>
          <dt>Expected</dt>
          <dd>
            <code>{first_failure.expected}</code>
          </dd>
          <dt>{first_failure.error === null ? "Got" : "Error"}</dt>
          <dd>
            <code>{first_failure.error ?? first_failure.got ?? "nothing"}</code>
          </dd>
        </dl>
      )}
    </>
  );
}
