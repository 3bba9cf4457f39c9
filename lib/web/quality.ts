/**
 * The statistics of labels, computed once for each state of the database.
 *
 * @module
 */
import { HttpError } from "fresh";
import { type QualityFigure, qualityFigures } from "@/lib/labels/quality-figures.ts";
import { type Quality, qualityOf, readQualityCounts } from "@/lib/labels/statistics/quality.ts";
import type { Lease } from "@/lib/web/lease.ts";

/** What the quality page shows. */
export interface QualityView {
  quality: Quality;
  figures: QualityFigure[];
}

const known = new WeakMap<Lease, { version: string; view: QualityView }>();

/** Everything that the statistics are computed from is only appended to, but for gold pairs. */
const VERSION = `
SELECT (SELECT count(*) FROM labels) || ' ' || (SELECT count(*) FROM judgements) || ' ' ||
  (SELECT coalesce(string_agg(pair || preference, ' ' ORDER BY pair), '') FROM gold) AS version`;

/** The statistics as they are now. */
export async function qualityView(lease: Lease): Promise<QualityView> {
  const read = await lease(async (store) => {
    const { version } = (await store.row<{ version: string }>(VERSION))!;
    if (known.get(lease)?.version === version) return null;
    return { version, counts: await readQualityCounts(store) };
  });
  if (read) {
    const quality = qualityOf(read.counts);
    known.set(lease, {
      version: read.version,
      view: { quality, figures: qualityFigures(quality) },
    });
  }
  return known.get(lease)!.view;
}

/**
 * The figure of this name.
 * @throws HttpError 404 when there is none
 */
export async function qualityFigure(lease: Lease, name: string): Promise<QualityFigure> {
  const figure = (await qualityView(lease)).figures.find((figure) => figure.name === name);
  if (figure) return figure;
  throw new HttpError(404, "There is no figure of this name; GET /api/quality lists them.");
}
