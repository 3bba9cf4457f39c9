import { HttpError } from "fresh";
import { readJson, textField } from "@/lib/web/body.ts";
import { define } from "@/lib/web/state.ts";
import { isToken } from "@/lib/web/token.ts";

export const handler = define.handlers({
  async POST(ctx) {
    const { services, admitted } = ctx.state;
    const body = await readJson(ctx.req);
    const token = body.token === undefined ? null : textField(body, "token", 200);
    if (!admitted && !isToken(token, services.token)) {
      throw new HttpError(
        401,
        "Send the start token that `deno task label` printed, as `token` in the body.",
      );
    }
    const { labeler, cookie } = await services.sessions.start(
      ctx.req,
      textField(body, "name", 200),
    );
    return ctx.json({ labeler }, { headers: { "Set-Cookie": cookie } });
  },
});
