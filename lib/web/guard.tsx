/**
 * The middlewares that every request passes: who may ask, what the browser may do with the answer, and how
 * errors look.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { csp, HttpError } from "fresh";
import { ErrorPage } from "@/components/ErrorPage.tsx";
import { InputError, OperationError } from "@/lib/errors.ts";
import { BusyError } from "@/lib/store/turn.ts";
import type { Role } from "@/lib/web/accounts.ts";
import { define, type Services, type State } from "@/lib/web/state.ts";
import { isToken, tokenOf } from "@/lib/web/token.ts";

/** Gives every request the services. */
export function withServices(services: Services) {
  return define.middleware((ctx) => {
    ctx.state.services = services;
    ctx.state.admitted = false;
    return ctx.next();
  });
}

const policy = csp<State>({
  useNonce: true,
  csp: [
    "default-src 'none'",
    "script-src 'self' 'unsafe-inline'",
    "style-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "worker-src 'none'",
    "media-src 'none'",
  ],
});

/**
 * The headers of every answer. Fresh's policy keeps 'unsafe-inline' on answers without a nonce and upgrades
 * requests to https even where the app is served without it. A document with a style sheet of its own may use that
 * and nothing else of the app.
 */
export const secureHeaders = define.middleware(async (ctx) => {
  const response = await policy(ctx);
  const { headers } = response;
  const directives = headers.get("Content-Security-Policy")!.split("; ")
    .filter((d) => ctx.url.protocol === "https:" || d !== "upgrade-insecure-requests")
    .map((d) => d.replace(" 'unsafe-inline'", ""));
  const { ownStyle } = ctx.state;
  if (ownStyle !== undefined) {
    const digest = createHash("sha256").update(ownStyle).digest("base64");
    const at = directives.indexOf("style-src 'self'");
    directives.splice(at, 1, `style-src 'sha256-${digest}'`, "sandbox");
  }
  headers.set("Content-Security-Policy", directives.join("; "));
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("Referrer-Policy", "no-referrer");
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
  return response;
});

/** Turns errors into one sentence: JSON for the API, a page otherwise. */
export const explainErrors = define.middleware(async (ctx) => {
  try {
    return await ctx.next();
  } catch (error) {
    const { status, message } = explain(error);
    const busy = error instanceof BusyError
      ? { code: "database_busy", holder: error.holder }
      : undefined;
    const init = { status, headers: busy && { "Retry-After": String(RETRY_SECONDS) } };
    if (ctx.url.pathname.startsWith("/api")) return ctx.json({ error: message, ...busy }, init);
    return await ctx.render(<ErrorPage status={status} message={message} />, init);
  }
});

/** After how long it is worth asking again for a file that another program holds. */
const RETRY_SECONDS = 2;

const SENTENCES: Record<number, string> = {
  403: "This request came from another site and was refused.",
  404: "There is nothing at this address.",
  405: "This address does not take this kind of request; GET /api lists what there is.",
};

function explain(error: unknown): { status: number; message: string } {
  if (error instanceof HttpError) {
    const own = error.message && !/^(Not Found|Forbidden|Method Not Allowed)$/i.test(error.message);
    return {
      status: error.status,
      message: own ? error.message : SENTENCES[error.status] ?? "The request failed.",
    };
  }
  if (error instanceof InputError) return { status: 400, message: error.message };
  if (error instanceof OperationError) return { status: 503, message: error.message };
  console.error(error);
  return { status: 500, message: "The server failed; its terminal says why." };
}

/** Refuses requests under a foreign name: a page elsewhere may have pointed its own name at this machine. */
export const knownHost = define.middleware((ctx) => {
  if (ctx.state.services.hosts.has(ctx.url.hostname)) return ctx.next();
  throw new HttpError(403, `This app does not answer to the name ${ctx.url.hostname}.`);
});

/** Refuses paths that hide a separator: nothing here has such a name, and nothing should be found by one. */
export const plainPath = define.middleware((ctx) => {
  if (!/%2f|%5c|\\|%00/i.test(ctx.url.pathname)) return ctx.next();
  throw new HttpError(404);
});

/** Addresses that need neither token nor session. */
const OPEN = /^\/api\/?$|^\/join\/[^/]+$/;

/** Lets in who has a session or the start token, and tells the rest where the link is. */
export const authenticate = define.middleware(async (ctx) => {
  const { services } = ctx.state;
  const visitor = await services.sessions.visitor(ctx.req);
  const { byAccount } = services.sessions;
  const byToken = !byAccount && isToken(tokenOf(ctx.req), services.token);
  ctx.state.admitted = visitor.admitted || byToken;
  ctx.state.labeler = visitor.labeler;
  ctx.state.role = visitor.role ?? (byToken ? "admin" : undefined);
  if (byToken && ctx.req.method === "GET" && ctx.url.searchParams.has("token")) {
    // The token leaves the address bar and the history at once.
    const to = new URL(ctx.url);
    to.searchParams.delete("token");
    const response = ctx.redirect(to.pathname + to.search);
    if (!visitor.admitted) {
      response.headers.append("Set-Cookie", await services.sessions.admit(ctx.req));
    }
    return response;
  }
  const opensSession = ctx.url.pathname === "/api/session" && ctx.req.method === "POST";
  if (ctx.state.admitted || OPEN.test(ctx.url.pathname) || opensSession) return ctx.next();
  throw new HttpError(
    401,
    byAccount
      ? "Open the invitation that you were given; an admin makes one with: deno task label users add NAME"
      : "Open the link with the token that `deno task label` printed in its terminal.",
  );
});

/**
 * The labeler of the request.
 * @throws HttpError 401 without a session
 */
export function labelerOf({ labeler }: { labeler?: string }): string {
  if (labeler) return labeler;
  throw new HttpError(401, "Start a session first: POST /api/session with your name.");
}

/** Why this visitor cannot have pairs made; null: they can. */
export function mayGenerate({ role, services }: State): string | null {
  switch (services.generate) {
    case "everybody":
      return null;
    case "admins":
      return role === "admin" ? null : "Only admins have pairs made here.";
    case "nobody":
      return "Pairs are not made here: the server runs with generate=nobody.";
  }
}

/**
 * Lets admins pass.
 * @throws HttpError 403 for everybody else
 */
export function requireAdmin({ role }: { role?: Role }): void {
  if (role !== "admin") throw new HttpError(403, "Only admins may do this.");
}
