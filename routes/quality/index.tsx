import { page } from "fresh";
import { Navigation } from "@/components/Navigation.tsx";
import {
  DisagreementTable,
  KappaTable,
  LabelerTable,
  ModelTable,
} from "@/components/QualityTables.tsx";
import { QualityFigures } from "@/components/QualityFigures.tsx";
import { requireAdmin } from "@/lib/web/guard.tsx";
import { qualityView } from "@/lib/web/quality.ts";
import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  async GET(ctx) {
    requireAdmin(ctx.state);
    ctx.state.title = "Quality of labels · codepref";
    return page(await qualityView(ctx.state.services.lease));
  },
});

export default define.page<typeof handler>(({ data: { quality, figures }, state }) => {
  const { labels, pairs, shared } = quality.totals;
  return (
    <main class="page">
      <Navigation current="/quality" role={state.role} />
      <h1>Quality of labels</h1>
      <p>
        {labels} labels of {quality.labelers.length} people on {pairs} pairs, of which {shared}{" "}
        have labels of more than one person. What was changed or taken back does not count.
      </p>
      <LabelerTable labelers={quality.labelers} />
      <QualityFigures figures={figures} />
      <DisagreementTable {...quality.disagreements} />
      <ModelTable models={quality.models} />
      <KappaTable kappas={quality.kappas} leftOut={quality.twosLeftOut} />
      <h2>Labels as files</h2>
      <p>
        Every label with its history, names replaced by pseudonyms:{" "}
        {["csv", "jsonl", "parquet"].map((format) => (
          <>
            <a href={`/api/labels/export?format=${format}`} download>{format.toUpperCase()}</a>
            {" "}
          </>
        ))}
      </p>
    </main>
  );
});
