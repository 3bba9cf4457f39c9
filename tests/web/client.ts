/** The app on a free port, and somebody who talks to its API. */
import { withStore } from "@/lib/store/store.ts";
import type { LabelingItem } from "@/lib/labels/item.ts";
import { serveApp, type ServeOptions, type Serving } from "@/lib/web/serve.ts";
import type { PairMaker } from "@/lib/web/state.ts";
import { makeDatabase, manyPairs } from "@/tests/web/database.ts";

export const TOKEN = "start-token-of-the-tests";

/** Options for tests that serve: the bundler of Fresh keeps a process of its own. */
export const SERVING = { sanitizeOps: false, sanitizeResources: false };

const noPairs: PairMaker = () => Promise.reject(new Error("No generation in this test"));

/** How to serve a new database. */
export interface AppOptions extends Partial<Omit<ServeOptions, "makePair">> {
  makePair?: PairMaker;
  /** Another maker of pairs. */
  maker?: ServeOptions["makePair"];
  /** So many pairs, `pair-0` and on, instead of those of the other tests. */
  pairs?: number;
}

/** A served database. */
export interface TestApp extends Serving, AsyncDisposable {
  db: string;
}

/** A new database and an app on it. */
export async function startApp(
  { makePair = noPairs, maker, localDirs = [], pairs, ...more }: AppOptions = {},
): Promise<TestApp> {
  const database = await (pairs === undefined ? makeDatabase() : manyPairs(pairs));
  const others = { ...more, ...maker && { makePair: maker } };
  const serving = await serve(database.path, 0, makePair, localDirs, others);
  return {
    ...serving,
    db: database.path,
    async [Symbol.asyncDispose]() {
      await serving.stop();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** An app on a database that exists. */
export function serve(
  db: string,
  port = 0,
  makePair = noPairs,
  localDirs: readonly string[] = [],
  more: Partial<ServeOptions> = {},
): Promise<Serving> {
  return serveApp({
    db,
    host: "127.0.0.1",
    port,
    token: TOKEN,
    makePair: () => makePair,
    localDirs,
    ...more,
  });
}

/** A labeler with a session. */
export interface Labeler {
  cookie: string;
  get(path: string): Promise<Response>;
  post(
    path: string,
    body: unknown,
    headers?: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<Response>;
  next(query?: string): Promise<LabelingItem>;
  /** Sends a label on the item with a new `client_id`. */
  label(item: LabelingItem, label: Record<string, unknown>): Promise<Response>;
}

/** Starts a session. */
export async function signIn(origin: string, name: string): Promise<Labeler> {
  const response = await fetch(`${origin}/api/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name, token: TOKEN }),
  });
  if (!response.ok) throw new Error(await response.text());
  await response.body?.cancel();
  return labelerWith(origin, response.headers.get("Set-Cookie")!.split(";")[0]);
}

/** Somebody who sends this cookie. */
export function labelerWith(origin: string, cookie: string): Labeler {
  const get = (path: string) =>
    fetch(origin + path, { headers: { Cookie: cookie }, redirect: "manual" });
  const post = (
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ) =>
    fetch(origin + path, {
      method: "POST",
      signal,
      headers: { Cookie: cookie, "Content-Type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  return {
    cookie,
    get,
    post,
    next: async (query = "") => await (await get(`/api/next${query}`)).json(),
    label: ({ pair, showing }, label) =>
      post("/api/labels", { client_id: crypto.randomUUID(), pair, showing, ...label }),
  };
}

/** Rows of the test's database. */
export function rows<T extends object>(db: string, sql: string): Promise<T[]> {
  return withStore(db, (store) => store.rows<T>(sql));
}
