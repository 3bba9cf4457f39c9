import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { PaneLine } from "@/lib/web/labeling/code-lines.ts";

/** One side of a pair: code with line numbers and colours. */
export function Pane(
  { side, lines, shown, code, model, verdict, isWritten, hidden, onWhole, children, tools }: {
    side: "Left" | "Right";
    /** Highlighted on the server; hold no markup but spans with classes. */
    lines: readonly string[];
    /** In which order, with which gaps and marks. */
    shown: readonly PaneLine[];
    /** What is copied. */
    code: string | (() => Promise<string>);
    /** Known once there is a decision. */
    model?: string;
    verdict?: string;
    /** Whether it is just being written; its end stays in view then. */
    isWritten?: boolean;
    /** How many lines are left out at the end, and how to have them shown. */
    hidden: number;
    onWhole: () => void;
    /** Beside the title. */
    tools?: ComponentChildren;
    /** Below the code. */
    children?: ComponentChildren;
  },
) {
  const scrolled = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isWritten) scrolled.current!.scrollTop = scrolled.current!.scrollHeight;
  }, [isWritten, code]);
  return (
    <section class={`pane ${verdict ? "picked" : ""}`} aria-label={`${side} solution`}>
      <header>
        <h2>{side}</h2>
        {verdict && <span class="badge good">{verdict}</span>}
        {model && <span class="model" title={model}>{model}</span>}
        <span class="tools">
          {tools}
          <CopyButton text={code} label={`Copy the ${side.toLowerCase()} code`} />
        </span>
      </header>
      <div
        class="code"
        ref={scrolled}
        aria-busy={isWritten}
        tabIndex={0}
        role="group"
        aria-label={`${side} code`}
      >
        <pre class="source"><code>{shown.map((line, i) => codeLine(line, i, lines))}</code></pre>
      </div>
      {hidden > 0 && (
        <p class="hidden-lines">
          {hidden.toLocaleString("en")} more lines{" "}
          <button type="button" class="quiet" data-show="all" onClick={onWhole}>Show all</button>
        </p>
      )}
      {children}
    </section>
  );
}

function codeLine({ line, changed }: PaneLine, position: number, lines: readonly string[]) {
  if (line === null) return <span key={`gap ${position}`} class="line gap" />;
  // Each line ends as in the code, for whoever selects and copies.
  const html = lines[line] + (line < lines.length - 1 ? "\n" : "");
  const className = changed ? "line changed" : "line";
  return <span key={line} class={className} dangerouslySetInnerHTML={{ __html: html }} />;
}

function CopyButton(
  { text, label }: { text: string | (() => Promise<string>); label: string },
) {
  const [said, say] = useState("Copy");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "string" ? text : await text());
      say("Copied");
    } catch {
      // Browsers forbid it outside https and loopback addresses.
      say("Select and copy");
    }
    setTimeout(() => say("Copy"), 2000);
  };
  return <button type="button" class="quiet" aria-label={label} onClick={copy}>{said}</button>;
}
