import type { QualityFigure } from "@/lib/labels/quality-figures.ts";

/** The figures, each with what it shows and its files. */
export function QualityFigures({ figures }: { figures: readonly QualityFigure[] }) {
  return (
    <div class="figures">
      {figures.map(({ name, title, caption, svg }) => (
        <figure key={name} id={name}>
          <figcaption>{title}</figcaption>
          <p>{caption}</p>
          <div dangerouslySetInnerHTML={{ __html: svg }} />
          <p class="downloads">
            {["svg", "csv"].map((format) => (
              <>
                <a
                  href={`/api/quality/${name}?format=${format}`}
                  aria-label={`${title} as ${format.toUpperCase()}`}
                  download
                >
                  {format.toUpperCase()}
                </a>
                {" "}
              </>
            ))}
          </p>
        </figure>
      ))}
    </div>
  );
}
