import { HttpError } from "fresh";
import { join } from "node:path";
import { EXPORT_FORMATS, exportLabels } from "@/lib/labels/export.ts";
import { downloadHeaders } from "@/lib/web/download.ts";
import { requireAdmin } from "@/lib/web/guard.tsx";
import { define } from "@/lib/web/state.ts";

const TYPES = {
  csv: "text/csv; charset=utf-8",
  jsonl: "application/x-ndjson; charset=utf-8",
  parquet: "application/vnd.apache.parquet",
};

/** All labels as a file. */
export const handler = define.handlers({
  async GET(ctx) {
    requireAdmin(ctx.state);
    const asked = ctx.url.searchParams.get("format");
    const format = EXPORT_FORMATS.find((format) => format === asked);
    if (!format) throw new HttpError(400, `format has to be one of ${EXPORT_FORMATS.join(", ")}.`);
    const names = ctx.url.searchParams.get("names") === "yes";
    const folder = await Deno.makeTempDir({ prefix: "codepref-export-" });
    try {
      const path = join(folder, `labels.${format}`);
      await ctx.state.services.lease((store) => exportLabels(store, path, { format, names }));
      // What is open outlives its name: nothing is left behind, whoever stops reading when.
      const file = await Deno.open(path);
      return new Response(file.readable, {
        headers: downloadHeaders(`codepref-labels.${format}`, TYPES[format]),
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
