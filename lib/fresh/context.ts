import type { VNode } from "preact";
import type { PageComponent } from "./define.ts";
import type { Build } from "./dev.ts";
import { renderDocument } from "./render.tsx";

// The name under which the real Fresh keeps it too.
const NONCE = Symbol.for("__freshNonce");

/** The nonce of the page's inline script, for a response that {@link Context.render} made. */
export function nonceOf(response: Response): string | undefined {
  return (response as { [NONCE]?: string })[NONCE];
}

/** One request on its way through middlewares and handlers. */
export class Context<State> {
  readonly state = {} as State;
  readonly url: URL;
  params: Record<string, string> = {};
  error: unknown = null;
  next: () => Promise<Response> = () => Promise.reject(new Error("Nothing comes next"));
  app?: PageComponent<unknown, State>;
  layouts: PageComponent<unknown, State>[] = [];
  constructor(readonly req: Request, readonly info: Deno.ServeHandlerInfo, readonly build?: Build) {
    this.url = new URL(req.url);
  }

  /** Sends the browser to another address; `//host` means a path here, not another site. */
  redirect(to: string, status = 302): Response {
    return new Response(null, { status, headers: { location: to.replace(/^\/+/, "/") } });
  }
  /** A page inside its layouts and the app wrapper. */
  async render(vnode: VNode | null, init?: ResponseInit): Promise<Response> {
    const nonce = crypto.randomUUID();
    const html = await renderDocument(this, vnode, nonce);
    if (html instanceof Response) return html;
    return Object.assign(this.html(html, init), { [NONCE]: nonce });
  }
  html(content: string, init?: ResponseInit): Response {
    const headers = new Headers(init?.headers);
    headers.set("Content-Type", "text/html; charset=utf-8");
    return new Response(content, { ...init, headers });
  }
  json = (content: unknown, init?: ResponseInit): Response => Response.json(content, init);
  text = (content: string, init?: ResponseInit): Response => new Response(content, init);
}
