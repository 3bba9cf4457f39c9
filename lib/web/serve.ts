/**
 * The web app on a port.
 *
 * @module
 */
import { Builder } from "fresh/dev";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { InputError, OperationError } from "@/lib/errors.ts";
import { readSecret } from "@/lib/labels/secret.ts";
import { buildApp } from "@/main.ts";
import { sharedLease } from "@/lib/web/lease.ts";
import { makePrivate } from "@/lib/web/private-file.ts";
import { runsOf } from "@/lib/web/runs.ts";
import { sessionsOf } from "@/lib/web/sessions.ts";
import type { PairMaker } from "@/lib/web/state.ts";
import type { Lease } from "@/lib/web/lease.ts";

/** How to serve the app. */
export interface ServeOptions {
  /** Path of the database, which has to exist. */
  db: string;
  /** A name or address of this machine that only this machine reaches. */
  host: string;
  /** 0: any free one. */
  port: number;
  /** The start token; default: a random one. */
  token?: string;
  makePair: (db: string, lease: Lease) => PairMaker;
  /** Folders of training runs. */
  localDirs: readonly string[];
}

/** A running app. */
export interface Serving {
  /** The address, without the token. */
  origin: string;
  /** The address that lets a browser in. */
  link: string;
  token: string;
  /** Settles when the server has stopped. */
  finished: Promise<void>;
  /** Stops making pairs, ends the other open requests and closes. */
  stop(): Promise<void>;
}

// Routes and islands do not change while the process runs.
let build: ReturnType<Builder["build"]> | undefined;

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

/**
 * Opens the database and serves the app.
 * @throws InputError for a missing database or a host that others reach
 * @throws OperationError when the port is taken
 */
export async function serveApp(
  { db, host, port, token, makePair, localDirs }: ServeOptions,
): Promise<Serving> {
  if (!LOOPBACK.includes(host)) {
    throw new InputError(
      `host=${host} can be reached by other machines, and there are no accounts yet that would keep them out; ` +
        "use host=127.0.0.1, and from another machine an SSH tunnel.",
    );
  }
  const start = token ?? randomBytes(24).toString("base64url");
  const lease = sharedLease(db);
  const secret = await lease(readSecret);
  await makePrivate(db);
  build ??= new Builder({ root: fileURLToPath(new URL("../../", import.meta.url)) })
    .build({ snapshot: "memory" });
  const applyBuild = await build;
  const stopping = new AbortController();
  const make = makePair(db, lease);
  const app = buildApp({
    lease,
    secret,
    token: start,
    hosts: new Set([...LOOPBACK, "[::1]"]),
    sessions: sessionsOf(lease, secret),
    runs: runsOf(localDirs),
    makePair: (request, options) =>
      make(request, { ...options, signal: AbortSignal.any([options.signal, stopping.signal]) }),
  });
  applyBuild(app);
  const server = listen(host, port, app.handler());
  const name = host === "::1" ? "[::1]" : host;
  const origin = `http://${name}:${server.addr.port}`;
  return {
    origin,
    link: `${origin}/?token=${start}`,
    token: start,
    finished: server.finished,
    async stop() {
      // A pair that is being made would hold the server for minutes.
      stopping.abort(new OperationError("The server is stopping; start it and generate again."));
      await server.shutdown();
    },
  };
}

function listen(
  hostname: string,
  port: number,
  handler: (req: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname, port, onListen: () => {} }, handler);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new OperationError(
      `Port ${port} is in use; stop what uses it or take another: port=${port + 1}`,
    );
  }
}
