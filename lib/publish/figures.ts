/**
 * Pictures of a dataset's card, as files of their own.
 *
 * @module
 */
import { difficultyBars, voteBars } from "@/lib/charts/bars.ts";
import type { DatasetFacts } from "@/lib/publish/facts.ts";

/** Where a picture is, relative to the folder, what it shows, and the SVG. */
export interface CardFigure {
  path: string;
  alt: string;
  svg: string;
}

/** The pictures that there is something to show on. */
export function cardFigures({ difficulties, votes }: DatasetFacts): CardFigure[] {
  const figures: CardFigure[] = [{
    path: "figures/difficulty.svg",
    alt: "Pairs by the difficulty of their question",
    svg: difficultyBars(
      difficulties.map(({ difficulty, pairs }) => ({ difficulty, count: pairs })),
      "pairs",
    ),
  }];
  if (votes.some(({ labelers }) => labelers > 1)) {
    figures.push({
      path: "figures/votes.svg",
      alt: "Pairs by how many of their labelers preferred the chosen answer",
      svg: voteBars(
        votes.map(({ labelers, agreeing, pairs }) => ({
          votes: `${agreeing} of ${labelers}`,
          count: pairs,
        })),
      ),
    });
  }
  return figures.map((figure) => ({ ...figure, svg: onWhite(figure.svg) }));
}

/** Pages show pictures of files on their own background, which may be dark. */
const onWhite = (svg: string): string =>
  svg.replace(
    /^(<svg[^>]*)>/,
    '$1 color="#1b1b1b"><rect width="100%" height="100%" fill="#ffffff"></rect>',
  ) + "\n";
