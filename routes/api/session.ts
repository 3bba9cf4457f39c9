import { HttpError } from "fresh";
import { readJson, textField } from "@/lib/web/body.ts";
import { define } from "@/lib/web/state.ts";
import { isToken } from "@/lib/web/token.ts";

export const handler = define.handlers({
  async POST(ctx) {
    const { services: { sessions, token: right }, admitted } = ctx.state;
    const body = await readJson(ctx.req);
    const start = async () => {
      if (sessions.byAccount) {
        if (body.invitation === undefined) {
          throw new HttpError(
            401,
            "Send `invitation`: the last part of the link that you were given.",
          );
        }
        return await sessions.accept(ctx.req, textField(body, "invitation", 200));
      }
      const token = body.token === undefined ? null : textField(body, "token", 200);
      if (!admitted && !isToken(token, right)) {
        throw new HttpError(
          401,
          "Send the start token that `deno task label` printed, as `token` in the body.",
        );
      }
      return await sessions.start(ctx.req, textField(body, "name", 200));
    };
    const { labeler, cookie } = await start();
    return ctx.json({ labeler }, { headers: { "Set-Cookie": cookie } });
  },
  async DELETE(ctx) {
    const cookie = await ctx.state.services.sessions.end(ctx.req);
    return ctx.json({ ended: true }, { headers: { "Set-Cookie": cookie } });
  },
});
