import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { Pane } from "@/components/Pane.tsx";
import { compareLines, htmlLines, plainLines } from "@/lib/web/labeling/code-lines.ts";

/** Lines of a side that are shown at first. */
const LINES_AT_FIRST = 1000;

/** One side, as {@link Panes} shows it. */
export interface PaneContent {
  html: string;
  /** What is copied. */
  code: string | (() => Promise<string>);
  model?: string;
  verdict?: string;
  tools?: ComponentChildren;
  /** Whether it is just being written. */
  isWritten?: boolean;
  /** Below the code. */
  below?: ComponentChildren;
}

/** Both sides of a pair, of one height; what differs is marked on request, alike on both sides. */
export function Panes({ a, b, diff }: { a: PaneContent; b: PaneContent; diff: boolean }) {
  const { left, right, shown, incomparable } = useMemo(() => {
    const left = htmlLines(a.html), right = htmlLines(b.html);
    const plain = { a: plainLines(left), b: plainLines(right) };
    const compared = diff ? compareLines(left, right) : plain;
    return { left, right, shown: compared ?? plain, incomparable: compared === null };
  }, [a.html, b.html, diff]);
  // What is long is shown whole only when somebody asks: each line is an element of the page.
  const [whole, showWhole] = useState("");
  const pair = a.html + b.html;
  const most = whole === pair ? Infinity : LINES_AT_FIRST;
  const side = (content: PaneContent, name: "Left" | "Right") => {
    const [lines, all] = name === "Left" ? [left, shown.a] : [right, shown.b];
    return (
      <Pane
        side={name}
        lines={lines}
        shown={all.length > most ? all.slice(0, most) : all}
        {...content}
        tools={content.tools}
        hidden={all.length > most ? all.length - most : 0}
        onWhole={() => showWhole(pair)}
      >
        {content.below}
      </Pane>
    );
  };
  return (
    <div class={diff ? "panes diff" : "panes"} onScrollCapture={diff ? scrollTogether : undefined}>
      {incomparable && (
        <p class="status changed incomparable" role="status">
          The two are too long and too different to say what differs.
        </p>
      )}
      {side(a, "Left")}
      {side(b, "Right")}
    </div>
  );
}

/** Sides that are set level stay level. */
function scrollTogether(event: Event): void {
  const scrolled = event.target as HTMLElement;
  const panes = (event.currentTarget as HTMLElement).querySelectorAll(".code");
  for (const pane of panes) {
    if (pane !== scrolled && pane.scrollTop !== scrolled.scrollTop) {
      pane.scrollTop = scrolled.scrollTop;
    }
  }
}
