import { define } from "@/lib/web/state.ts";

/** The form of the name page. */
export const handler = define.handlers({
  async POST(ctx) {
    const name = (await ctx.req.formData()).get("name");
    const { cookie } = await ctx.state.services.sessions.start(ctx.req, String(name ?? ""));
    const response = ctx.redirect("/", 303);
    response.headers.append("Set-Cookie", cookie);
    return response;
  },
});
