import { HttpError } from "fresh";
import { answerPractice, practiceState, skipPractice } from "@/lib/labels/practice.ts";
import { readJson, textField } from "@/lib/web/body.ts";
import { labelerOf } from "@/lib/web/guard.tsx";
import { sidePreference } from "@/lib/web/label-request.ts";
import { shownPractice } from "@/lib/web/shown.ts";
import { define, type State } from "@/lib/web/state.ts";

const practisingOf = (state: State) => {
  const { labeling, practice } = state.services;
  return { secret: labeling.secret, labeler: labelerOf(state), count: practice };
};

export const handler = define.handlers({
  async GET(ctx) {
    const practising = practisingOf(ctx.state);
    const state = await ctx.state.services.lease((store) => practiceState(store, practising));
    const isHtml = ctx.url.searchParams.get("render") === "html";
    return ctx.json(isHtml ? shownPractice(state) : state);
  },
  async POST(ctx) {
    const practising = practisingOf(ctx.state);
    const { lease } = ctx.state.services;
    const body = await readJson(ctx.req);
    if (body.skip === true) {
      await lease((store) => skipPractice(store, practising));
      return ctx.json({ skipped: true });
    }
    if (body.skip !== undefined) throw new HttpError(400, "skip has to be true, or absent.");
    const pair = textField(body, "pair", 64), preference = sidePreference(body.preference);
    return ctx.json(
      await lease((store) => answerPractice(store, practising, pair, preference)),
    );
  },
});
