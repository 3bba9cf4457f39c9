import { writeInstruction } from "@/lib/generation/instruction.ts";
import { readJson, textField } from "@/lib/web/body.ts";
import { generationStream } from "@/lib/web/generation-stream.ts";
import { labelerOf } from "@/lib/web/guard.tsx";
import { define } from "@/lib/web/state.ts";

export const handler = define.handlers({
  async POST(ctx) {
    labelerOf(ctx.state);
    const { lease, makePair } = ctx.state.services;
    const body = await readJson(ctx.req);
    const slug = textField(body, "question", 200);
    const instruction = textField(body, "instruction", 20_000);
    await lease((store) => writeInstruction(store, instruction));
    return new Response(generationStream(makePair, { slug, instruction }), {
      headers: { "Content-Type": "application/x-ndjson; charset=utf-8" },
    });
  },
});
