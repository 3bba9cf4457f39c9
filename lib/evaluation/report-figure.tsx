/** Figures of a report. */
import type { ComponentChildren } from "preact";

/** An SVG of `lib/charts` with what it shows. */
export function Figure({ svg, caption }: { svg: string; caption: ComponentChildren }) {
  return (
    <figure>
      <figcaption>{caption}</figcaption>
      <div dangerouslySetInnerHTML={{ __html: svg }} />
    </figure>
  );
}
