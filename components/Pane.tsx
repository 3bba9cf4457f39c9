/** One side of a pair: code with line numbers and colours. */
export function Pane({ side, html, model, verdict }: {
  side: "Left" | "Right";
  /** Highlighted on the server; holds no markup but spans with classes. */
  html: string;
  /** Shown once there is a decision. */
  model?: string;
  verdict?: string;
}) {
  const numbers = Array.from(html.split("\n"), (_, i) => i + 1).join("\n");
  return (
    <section class={`pane ${verdict ? "picked" : ""}`} aria-label={`${side} solution`}>
      <header>
        <h2>{side}</h2>
        {verdict && <span class="badge good">{verdict}</span>}
        {model && <span class="model">{model}</span>}
      </header>
      <div class="code" tabIndex={0} role="group" aria-label={`${side} code`}>
        <pre class="numbers" aria-hidden="true">{numbers}</pre>
        <pre class="source"><code dangerouslySetInnerHTML={{ __html: html }} /></pre>
      </div>
    </section>
  );
}
