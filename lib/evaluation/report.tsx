/**
 * The report of one or more training runs as one HTML page without outside resources.
 *
 * @module
 */
import { renderToString } from "preact-render-to-string";
import { difficultyBars, verdictBars } from "@/lib/charts/bars.ts";
import type { DatabaseCounts } from "@/lib/evaluation/database-counts.ts";
import { Figure } from "@/lib/evaluation/report-figure.tsx";
import { REPORT_CSS } from "@/lib/evaluation/report-style.ts";
import { RunSection } from "@/lib/evaluation/report-run.tsx";
import { Table } from "@/lib/evaluation/report-table.tsx";
import { type RunSummary, type Sample, usesSyntheticLabels } from "@/lib/evaluation/run-summary.ts";

/** What a report shows. All but title and runs may be left out. */
export interface ReportInput {
  title: string;
  /** In the order of training: SFT before DPO. */
  runs: RunSummary[];
  database?: DatabaseCounts;
  /** The dataset that was published for the runs. */
  dataset?: {
    digest: string;
    train: number;
    test: number;
    labelerKinds: Record<string, number>;
    dropped: Record<string, number>;
  };
  /** Answers before the first and after the last run; those of the runs themselves are shown too. */
  samples?: Sample[];
  /** Shell commands to try next. */
  nextCommands?: string[];
}

/** Whether synthetic labels are in what the report is about. */
export function isDemonstration({ runs, dataset }: ReportInput): boolean {
  return runs.some(usesSyntheticLabels) || (dataset?.labelerKinds.synthetic ?? 0) > 0;
}

/** The page's HTML. */
export function reportHtml(input: ReportInput): string {
  return "<!doctype html>\n" + renderToString(<Page {...input} />) + "\n";
}

function Page(input: ReportInput) {
  const { title, runs, database, dataset, nextCommands = [] } = input;
  const samples = [...(input.samples ?? []), ...runs.flatMap((run) => run.samples)];
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title}</title>
        <style dangerouslySetInnerHTML={{ __html: REPORT_CSS }} />
      </head>
      <body>
        <main>
          <h1>{title}</h1>
          {isDemonstration(input) && (
            <p class="notice">
              <strong>A demonstration, not evidence:</strong>{" "}
              synthetic labels are in the data. A reference solution was set against an answer that
              failed its tests; nobody compared the two.
            </p>
          )}
          {runs.map((run) => <RunSection key={run.folder} run={run} />)}
          {samples.length > 0 && <Samples samples={samples} />}
          {(database || dataset) && <Data database={database} dataset={dataset} />}
          {nextCommands.length > 0 && (
            <section>
              <h2>What to try next</h2>
              <pre><code>{nextCommands.join("\n")}</code></pre>
            </section>
          )}
        </main>
      </body>
    </html>
  );
}

function Samples({ samples }: { samples: Sample[] }) {
  return (
    <section>
      <h2>Before and after</h2>
      {samples.map((sample) => (
        <article key={sample.title}>
          <h3>{sample.title}</h3>
          <details>
            <summary>The question as it was put to the model</summary>
            <pre>{sample.prompt}</pre>
          </details>
          <div class="columns">
            <Answer name="Before training" text={sample.before} />
            <Answer name="After training" text={sample.after} />
          </div>
        </article>
      ))}
    </section>
  );
}

function Answer({ name, text }: { name: string; text: string }) {
  return (
    <div>
      <h4>{name}</h4>
      <pre tabIndex={0}><code>{text}</code></pre>
    </div>
  );
}

function Data({ database, dataset }: Pick<ReportInput, "database" | "dataset">) {
  return (
    <section>
      <h2>The data</h2>
      {dataset && (
        <Table
          caption="The dataset"
          head={["", "pairs"]}
          rows={[
            ["training", dataset.train],
            ["held out", dataset.test],
            ...Object.entries(dataset.labelerKinds).map((
              [kind, n],
            ) => [`preferred by: ${kind}`, n]),
            ...Object.entries(dataset.dropped).map(([reason, n]) => [`left out: ${reason}`, n]),
          ]}
        />
      )}
      {dataset && (
        <p>
          Revision <code>{dataset.digest.slice(0, 12)}</code>
        </p>
      )}
      {database && <Counts database={database} />}
    </section>
  );
}

function Counts({ database }: { database: DatabaseCounts }) {
  return (
    <>
      <div class="figures">
        <Figure svg={verdictBars(database.verdicts)} caption="Verdicts of the unit tests" />
        <Figure svg={difficultyBars(database.difficulties)} caption="Questions by difficulty" />
      </div>
      <Table
        caption="Questions"
        head={["source", "half", "questions"]}
        rows={database.questions.map((q) => [q.source, q.split, q.count])}
      />
      <Table
        caption="Answers"
        head={["model", "code", "answers"]}
        rows={database.answers.map((a) => [a.model, a.status, a.count])}
      />
      <Table
        caption="Labels"
        head={["given by", "preference", "labels"]}
        rows={database.labels.map((l) => [l.labeler_kind, l.preference, l.count])}
      />
    </>
  );
}
