import type { ComponentChildren } from "preact";
import { StateBadge } from "@/components/RunTable.tsx";
import type { RunView } from "@/lib/web/runs.ts";
import { runAddress } from "@/lib/web/run-address.ts";
import {
  ageText,
  countText,
  durationText,
  numberText,
  percentText,
} from "@/lib/evaluation/run-text.ts";

/** One run: how far it is, its curves, what it writes, and its settings. */
export function RunDetails({ run }: { run: RunView }) {
  return (
    <>
      <Progress run={run} />
      {run.broken > 0 && (
        <p class="error">
          {countText(run.broken)} lines of metrics.jsonl cannot be read and are left out.
        </p>
      )}
      {run.report && (
        <p>
          <a href={`${runAddress(run)}/report`}>The report</a> of the last evaluation.
        </p>
      )}
      <section aria-labelledby="curves">
        <h2 id="curves">Curves</h2>
        {run.figures.length === 0 && <p>Nothing is measured yet.</p>}
        <div class="figures">
          {run.figures.map(({ caption, svg }) => (
            <figure key={caption}>
              <figcaption>{caption}</figcaption>
              <div dangerouslySetInnerHTML={{ __html: svg }} />
            </figure>
          ))}
        </div>
      </section>
      <Samples samples={run.samples} />
      <details class="settings">
        <summary>All settings</summary>
        <table>
          <caption>Settings, from config.json</caption>
          <thead>
            <tr>
              <th scope="col">Key</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {run.settings.map(([key, value]) => (
              <tr key={key}>
                <th scope="row">
                  <code>{key}</code>
                </th>
                <td>
                  <code>{value}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  );
}

function Progress({ run }: { run: RunView }) {
  const { examples, total, measured, now } = run;
  return (
    <section class="standing" aria-label="Progress">
      {total !== null && (
        <progress max={Math.max(1, total)} value={examples} aria-label="Examples trained on" />
      )}
      <dl>
        <Fact name="State">
          <StateBadge state={run.state} />
        </Fact>
        <Fact name="Examples">
          {countText(examples)}
          {total !== null && ` of ${countText(total)}`}
        </Fact>
        {run.secondsLeft !== null && <Fact name="Left">{durationText(run.secondsLeft)}</Fact>}
        <Fact name="Trains">{run.lossName ?? "–"}</Fact>
        <Fact name="Loss (nats)">{numberText(run.loss)}</Fact>
        {run.accuracy !== null && <Fact name="Accuracy">{percentText(run.accuracy)}</Fact>}
        {run.tokensPerSecond !== null && (
          <Fact name="Tokens/s">{countText(run.tokensPerSecond)}</Fact>
        )}
        <Fact name="Started">
          <time dateTime={run.started}>{ageText(run.started, now)}</time>
        </Fact>
        {measured && (
          <Fact name="Measured">
            <time dateTime={measured}>{ageText(measured, now)}</time>
          </Fact>
        )}
      </dl>
    </section>
  );
}

function Fact(
  { name, children }: { name: string; children: ComponentChildren },
) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Samples({ samples }: Pick<RunView, "samples">) {
  if (samples.length === 0) return null;
  return (
    <section aria-labelledby="samples">
      <h2 id="samples">Samples after {countText(samples[0].examples)} examples</h2>
      {samples.map(({ prompt, policy, reference }, i) => (
        <details key={prompt} open={i === 0}>
          <summary>Prompt {i + 1}</summary>
          <h3>Prompt</h3>
          <pre tabIndex={0}>{prompt}</pre>
          <div class="columns">
            <Answer name="Policy" text={policy} />
            {reference !== null && <Answer name="Reference" text={reference} />}
          </div>
        </details>
      ))}
    </section>
  );
}

function Answer({ name, text }: { name: string; text: string }) {
  return (
    <div>
      <h3>{name}</h3>
      <pre tabIndex={0}>{text}</pre>
    </div>
  );
}
