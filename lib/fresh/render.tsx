import { h, type VNode } from "preact";
import { renderToString } from "preact-render-to-string";
import type { Context } from "./context.ts";
import type { PageComponent, PageResponse, Route } from "./define.ts";
import { IslandsContext, islandsScript, type IslandUse } from "./islands.ts";

/** Calls a route's handler and renders its component with the data that the handler returned. */
export async function renderRoute<S>(ctx: Context<S>, route: Route<S>, status = 200) {
  const { handler, component } = route;
  const byMethod = typeof handler === "function" ? { GET: handler } : handler;
  const handle = byMethod?.[ctx.req.method as "GET"] ?? byMethod?.GET;
  const answer: Response | Partial<PageResponse<unknown>> = await handle?.(ctx) ?? {};
  if (answer instanceof Response) return answer;
  const vnode = component ? await nodeOf(ctx, component, null, answer.data) : null;
  if (vnode instanceof Response) return vnode;
  return ctx.render(vnode, { headers: answer.headers, status: answer.status ?? status });
}

type Node = VNode | Response | null;
async function nodeOf<S>(
  ctx: Context<S>,
  of: PageComponent<unknown, S>,
  inner: Node,
  data?: unknown,
) {
  const { url, req, params, info, state, error } = ctx;
  const props = { url, req, params, info, state, error, data, Component: () => inner as VNode };
  if (of.constructor.name === "AsyncFunction") return await of(props);
  return h(of as (p: typeof props) => VNode, props) as VNode;
}

/** The whole document: `node` in its layouts in the app wrapper, with its islands' script. */
export async function renderDocument<S>(ctx: Context<S>, node: Node, nonce: string) {
  for (const layout of ctx.layouts.toReversed()) {
    node = await nodeOf(ctx, layout, node);
    if (node instanceof Response) return node;
  }
  const islands: IslandUse[] = [];
  const app = ctx.app ? await nodeOf(ctx, ctx.app, node) : (
    <html>
      <body>{node}</body>
    </html>
  );
  if (app instanceof Response) return app;
  const html = renderToString(
    <IslandsContext.Provider value={islands}>{app}</IslandsContext.Provider>,
  );
  if (islands.length === 0) return `<!DOCTYPE html>${html}`;
  const script = islandsScript(islands, ctx.build!.clientUrl);
  const element = `<script type="module" nonce="${nonce}">${script}</script>`;
  const end = html.lastIndexOf("</body>");
  return `<!DOCTYPE html>${html.slice(0, end)}${element}${html.slice(end)}`;
}
