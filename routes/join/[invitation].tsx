import { HttpError, page } from "fresh";
import { invited } from "@/lib/web/accounts.ts";
import { NOT_OPEN } from "@/lib/web/sessions.ts";
import { define } from "@/lib/web/state.ts";

/** An invitation is used up by the button, not by the link: programs that preview links follow them. */
export const handler = define.handlers({
  async GET(ctx) {
    const { lease } = ctx.state.services;
    const name = await lease((store) => invited(store, ctx.params.invitation));
    if (name === undefined) throw new HttpError(403, NOT_OPEN);
    ctx.state.title = "Invitation · codepref";
    return page({ name });
  },
  async POST(ctx) {
    const { cookie } = await ctx.state.services.sessions.accept(ctx.req, ctx.params.invitation);
    const response = ctx.redirect("/", 303);
    response.headers.append("Set-Cookie", cookie);
    return response;
  },
});

export default define.page<typeof handler>(({ data }) => (
  <main class="card">
    <p class="brand">codepref</p>
    <h1>Welcome, {data.name}</h1>
    <p>
      You will see two solutions to a programming question and say which one you prefer. Your name
      is stored with each decision.
    </p>
    <p>This link works once. From then on this browser is signed in.</p>
    <form method="post" class="name-form">
      <button type="submit" class="primary" autofocus>Start labeling</button>
    </form>
  </main>
));
