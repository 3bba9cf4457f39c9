import { type Handler, Hono } from "hono";
import { Context } from "./context.ts";
import { HttpError, type Middleware, type PageComponent, type Route } from "./define.ts";
import type { Build } from "./dev.ts";
import { renderRoute } from "./render.tsx";

/** The app: middlewares, routes and pages. What is added applies to what is added after it. */
export class App<State> {
  /** Set by the Builder. */
  build?: Build;
  #commands: ((hono: Hono) => unknown)[] = [];

  use(first: string | Middleware<State>, ...rest: Middleware<State>[]): this {
    const [path, all] = typeof first === "string" ? [first, rest] : ["*", [first, ...rest]];
    return this.#add((hono) => hono.use(path.replace(/\/?\*?$/, "/*"), ...all.map(adapt)));
  }
  get = this.#on("GET");
  post = this.#on("POST");
  put = this.#on("PUT");
  patch = this.#on("PATCH");
  delete = this.#on("DELETE");
  all = this.#on("ALL");
  route(path: string, route: Route<State>): this {
    const { handler = {}, component } = route;
    const methods = typeof handler === "function" ? ["ALL"] : Object.keys(handler);
    for (const method of component ? [...methods, "GET"] : methods) {
      this.#on(method)(path, (ctx) => renderRoute(ctx, route));
    }
    return this;
  }
  appWrapper(app: PageComponent<unknown, State>): this {
    return this.use((ctx) => Object.assign(ctx, { app }).next());
  }
  layout(path: string, layout: PageComponent<unknown, State>): this {
    return this.use(path, (ctx) => {
      ctx.layouts = [...ctx.layouts, layout];
      return ctx.next();
    });
  }
  onError(path: string, route: Route<State> | Middleware<State>): this {
    return this.use(path, (ctx) => orElse(ctx, route));
  }
  notFound(route: Route<State> | Middleware<State>): this {
    return this.use((ctx) => orElse(ctx, route, 404));
  }
  /** Adds the files of the routes folder here. */
  fsRoutes(): this {
    return this.#add((hono) => {
      const files = new App<State>();
      for (const { kind, pattern, module } of this.build?.routes ?? []) {
        const { default: component, handlers, handler = handlers } = module;
        if (kind === "_app") files.appWrapper(component);
        else if (kind === "_error") files.onError(pattern, { handler, component });
        else if (kind === "_404") files.notFound({ handler, component });
        else if (kind === "_layout") files.layout(pattern, component);
        else if (kind === "_middleware") files.use(pattern, ...[handler ?? component].flat());
        else files.route(pattern, { handler, component });
      }
      files.#commands.forEach((command) => command(hono));
    });
  }
  #add(command: (hono: Hono) => unknown): this {
    this.#commands.push(command);
    return this;
  }
  #on(method: string) {
    return (path: string, ...handlers: Middleware<State>[]): this =>
      this.#add((hono) => hono.on(method, [path], ...handlers.map(adapt)));
  }

  /** The function that answers requests, for `Deno.serve` or a test. */
  handler(): (req: Request, info?: Deno.ServeHandlerInfo) => Promise<Response> {
    // Without strictness `/a/` is `/a`. Errors go up through the middlewares, as in Fresh.
    const hono = new Hono({ strict: false }).onError((error) => Promise.reject(error));
    hono.notFound(() => Promise.reject(new HttpError(404, "Not Found")));
    this.#commands.forEach((command) => command(hono));
    return async (req, info = {} as Deno.ServeHandlerInfo) => {
      try {
        return await hono.fetch(req, new Context<State>(req, info, this.build));
      } catch (error) {
        if (error instanceof HttpError) return new Response(error.message, error);
        console.error(error);
        return new Response("Internal server error", { status: 500 });
      }
    };
  }
  /** Serves the app. */
  async listen(options: Deno.ServeTcpOptions = {}): Promise<void> {
    await Deno.serve(options, this.handler());
  }
}

/** Answers with `route` when what comes next throws; with `only`, for errors of that status. */
async function orElse<S>(ctx: Context<S>, route: Route<S> | Middleware<S>, only?: number) {
  const { app, layouts } = ctx;
  try {
    return await ctx.next();
  } catch (error) {
    const status = error instanceof HttpError ? error.status : 500;
    if (only && status !== only) throw error;
    Object.assign(ctx, { app, layouts, error });
    return renderRoute(ctx, typeof route === "function" ? { handler: route } : route, status);
  }
}

/** A Fresh middleware as hono's. The Context travels as hono's environment. */
function adapt<State>(middleware: Middleware<State>): Handler {
  return async (hono, next) => {
    const ctx = hono.env as Context<State>;
    ctx.params = hono.req.param();
    ctx.next = async () => {
      await next();
      return hono.res;
    };
    const response = await middleware(ctx);
    // Hono keeps the first response, and merges headers into a second, unless it is taken away.
    hono.res = undefined;
    return hono.res = response;
  };
}
