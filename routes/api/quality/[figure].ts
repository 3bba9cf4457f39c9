import { HttpError } from "fresh";
import { onPaper } from "@/lib/charts/paper.ts";
import { csvOf } from "@/lib/labels/csv.ts";
import { downloadHeaders } from "@/lib/web/download.ts";
import { requireAdmin } from "@/lib/web/guard.tsx";
import { qualityFigure } from "@/lib/web/quality.ts";
import { define } from "@/lib/web/state.ts";

/** A figure as a file. */
export const handler = define.handlers({
  async GET(ctx) {
    requireAdmin(ctx.state);
    const { name, svg, rows } = await qualityFigure(
      ctx.state.services.lease,
      ctx.params.figure,
    );
    switch (ctx.url.searchParams.get("format")) {
      case "svg":
        return new Response(onPaper(svg), {
          headers: downloadHeaders(`codepref-${name}.svg`, "image/svg+xml"),
        });
      case "csv":
        return new Response(csvOf(rows), {
          headers: downloadHeaders(`codepref-${name}.csv`, "text/csv; charset=utf-8"),
        });
    }
    throw new HttpError(400, "format has to be svg or csv.");
  },
});
