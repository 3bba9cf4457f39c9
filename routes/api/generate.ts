import { HttpError } from "fresh";
import { readInstruction, writeInstruction } from "@/lib/generation/instruction.ts";
import { readJson, textField } from "@/lib/web/body.ts";
import type { GenerationEvent } from "@/lib/web/client.ts";
import { eventLines } from "@/lib/web/event-lines.ts";
import { sendGeneration } from "@/lib/web/generation-stream.ts";
import { labelerOf, mayGenerate } from "@/lib/web/guard.tsx";
import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  async POST(ctx) {
    const labeler = labelerOf(ctx.state);
    const refused = mayGenerate(ctx.state);
    if (refused) throw new HttpError(403, refused);
    const { lease, labeling, makePair } = ctx.state.services;
    const body = await readJson(ctx.req);
    const slug = textField(body, "question", 200);
    const { kept, side } = body.keep === undefined
      ? { kept: undefined, side: Math.random() < 0.5 ? "a" as const : "b" as const }
      : await keptSide(body.keep);
    const instruction = body.instruction === undefined
      ? await lease(readInstruction)
      : textField(body, "instruction", 20_000);
    // What one labeler tries out is not for everybody.
    if (ctx.state.role === "admin") await lease((store) => writeInstruction(store, instruction));

    const made = {
      slug,
      instruction,
      kept,
      first: side,
      keep: ({ a, b }: Record<"a" | "b", string>) =>
        labeling.keepDraft(labeler, { slug, left: a, right: b }),
    };
    return eventLines<GenerationEvent>(
      (send, signal) => sendGeneration(makePair, made, send, signal),
      "The model failed; the server's terminal says why.",
    );

    async function keptSide(keep: unknown): Promise<{ kept: string; side: "a" | "b" }> {
      const { pair, side } = (keep ?? {}) as Record<string, unknown>;
      if (typeof pair !== "string" || (side !== "a" && side !== "b")) {
        throw new HttpError(400, 'keep has to be { pair, side }, and side "a" or "b".');
      }
      const shown = await labeling.generations(labeler, pair);
      if (shown.slug !== slug) throw new HttpError(400, `Pair ${pair} is not one of ${slug}.`);
      return { kept: shown[side], side };
    }
  },
});
