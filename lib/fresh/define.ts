import type { StatusCode } from "hono/utils/http-status";
import type { FunctionComponent, VNode } from "preact";
import type { Context } from "./context.ts";

/** Answers the request with `status`; thrown by handlers and middlewares. */
export class HttpError extends Error {
  override name = "HttpError";
  constructor(readonly status: StatusCode, message?: string, options?: ErrorOptions) {
    super(message, options);
  }
}

type Methods = "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS";
type Answer<D> = Response | PageResponse<D>;
export type PageResponse<D> = { data: D; headers?: HeadersInit; status?: number };
export type Middleware<State> = (ctx: Context<State>) => Response | Promise<Response>;
export type HandlerFn<D, State> = (ctx: Context<State>) => Answer<D> | Promise<Answer<D>>;
export type HandlerByMethod<D, State> = { [M in Methods]?: HandlerFn<D, State> };
export type RouteHandler<D, State> = HandlerFn<D, State> | HandlerByMethod<D, State>;
export type PageProps<D = unknown, State = unknown> =
  & Pick<Context<State>, "url" | "req" | "params" | "info" | "state" | "error">
  & { data: D; Component: FunctionComponent };
type Rendered = VNode | null | Promise<VNode | Response | null>;
/** A page, a layout or the app wrapper; an asynchronous one may answer with a Response. */
export type PageComponent<D, State> = (props: PageProps<D, State>) => Rendered;
/** A handler, the component that shows its data, or both. */
export interface Route<State> {
  // deno-lint-ignore no-explicit-any -- each route has data of its own
  component?: PageComponent<any, State>;
  handler?: RouteHandler<unknown, State>;
}

/** Data for the page component, with the status and headers of the response. */
export const page = <D>(data?: D, init?: Omit<PageResponse<D>, "data">) => ({
  data: (data ?? undefined) as D,
  ...init,
});

type DataOf<H> = H extends HandlerFn<infer D, infer _> ? D
  : H extends HandlerByMethod<infer D, infer _> ? D
  : never;

/** Functions that return their argument and give it the types of an app with this `State`. */
export const createDefine = <S>() => ({
  handlers: <D, H extends RouteHandler<D, S> = RouteHandler<D, S>>(handlers: H) => handlers,
  page: <H = never, D = DataOf<H>>(component: PageComponent<D, S>) => component,
  layout: (component: PageComponent<unknown, S>) => component,
  middleware: <M extends Middleware<S> | Middleware<S>[]>(middleware: M) => middleware,
});
