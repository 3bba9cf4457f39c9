import { HttpError } from "fresh";
import { recentDecisions, workSince } from "@/lib/labels/recent.ts";
import { readJson } from "@/lib/web/body.ts";
import { labelerOf } from "@/lib/web/guard.tsx";
import { labelRequest } from "@/lib/web/label-request.ts";
import { define } from "@/lib/web/state.ts";

const RECENT = 10;
const MOST_RECENT = 100;

export const handler = define.handlers({
  async GET(ctx) {
    const labeler = labelerOf(ctx.state);
    const { searchParams } = ctx.url;
    if (!searchParams.has("mine")) {
      throw new HttpError(400, "Ask for your own labels with GET /api/labels?mine.");
    }
    const limit = Number(searchParams.get("limit") ?? RECENT);
    if (!Number.isInteger(limit) || limit < 1 || limit > MOST_RECENT) {
      throw new HttpError(400, `limit has to be a whole number from 1 to ${MOST_RECENT}.`);
    }
    const since = new Date(searchParams.get("since") ?? startOfDay());
    if (Number.isNaN(since.getTime())) {
      throw new HttpError(400, "since has to be a time like 2026-01-31T08:00:00Z.");
    }
    return ctx.json(
      await ctx.state.services.lease(async (store) => ({
        labels: await recentDecisions(store, labeler, limit),
        work: await workSince(store, labeler, since),
      })),
    );
  },
  async POST(ctx) {
    const labeler = labelerOf(ctx.state);
    const request = labelRequest(await readJson(ctx.req));
    return ctx.json(await ctx.state.services.labeling.save(labeler, request));
  },
});

/** Midnight here. */
function startOfDay(): string {
  const day = new Date();
  day.setHours(0, 0, 0, 0);
  return day.toISOString();
}
