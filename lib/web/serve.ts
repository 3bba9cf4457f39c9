/**
 * The web app on a port.
 *
 * @module
 */
import { Builder } from "fresh/dev";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError, OperationError } from "@/lib/errors.ts";
import { Labeling, type LabelingSettings } from "@/lib/labels/labeling.ts";
import type { Lease } from "@/lib/store/leases.ts";
import { SharedFile } from "@/lib/store/shared-file.ts";
import { buildApp } from "@/main.ts";
import { datasetsOf } from "@/lib/web/datasets.ts";
import { makePrivate } from "@/lib/web/private-file.ts";
import { testRunner } from "@/lib/web/run-tests.ts";
import { runsOf } from "@/lib/web/runs.ts";
import { hasAccounts } from "@/lib/web/accounts.ts";
import { originalRequest, originOf, reachOf, type ReachSettings } from "@/lib/web/reach.ts";
import { sessionsOf } from "@/lib/web/sessions.ts";
import type { GENERATORS, PairMaker } from "@/lib/web/state.ts";

/** How to serve the app. */
export interface ServeOptions extends ReachSettings {
  /** Path of the database, which has to exist. */
  db: string;
  /** 0: any free one. */
  port: number;
  /** The start token; default: a random one. */
  token?: string;
  makePair: (db: string, lease: Lease) => PairMaker;
  /** Folders of training runs. */
  localDirs: readonly string[];
  /** The folder of published datasets; default `data/datasets`. */
  datasets?: string;
  /** Who may have pairs made; default: everybody. */
  generate?: typeof GENERATORS[number];
  /** How many practice pairs a newcomer gets; default 0. */
  practice?: number;
  /** How pairs are given out. */
  labeling?: Partial<LabelingSettings>;
}

/** A running app. */
export interface Serving {
  /** The address, without the token. */
  origin: string;
  /** The address that lets a browser in. */
  link: string;
  token: string;
  /** Where it listens. */
  port: number;
  /** Whether people come by accounts; then the link holds no token. */
  team: boolean;
  /** Settles when the server has stopped. */
  finished: Promise<void>;
  /** Stops making pairs and publishing, ends the other open requests and closes. */
  stop(): Promise<void>;
}

// Routes and islands do not change while the process runs.
let build: ReturnType<Builder["build"]> | undefined;

/**
 * Opens the database and serves the app.
 * @throws InputError for a missing database, and for a host that others reach while there are no accounts
 * @throws OperationError when the port is taken
 */
export async function serveApp(
  {
    db,
    port,
    token,
    makePair,
    localDirs,
    datasets,
    practice = 0,
    generate = "everybody",
    labeling: settings,
    ...reachSettings
  }: ServeOptions,
): Promise<Serving> {
  const { host, cert, key, trustedProxy } = reachSettings;
  const { team, hosts } = reachOf(reachSettings);
  const tls = cert !== undefined && key !== undefined
    ? { cert: await readPem(cert), key: await readPem(key) }
    : undefined;
  const start = token ?? randomBytes(24).toString("base64url");
  const file = new SharedFile(db);
  if (team && !await file.lease(hasAccounts)) {
    throw new InputError(
      `host=${host}${
        trustedProxy ? ` behind ${trustedProxy}` : ""
      } can be reached by other machines, and there are no accounts yet that would keep others out; make one with ` +
        `deno task label users add NAME role=admin db=${db}, or use host=127.0.0.1 and, from another machine, an SSH tunnel.`,
    );
  }
  const labeling = await Labeling.open(file, settings);
  await makePrivate(db);
  build ??= new Builder({ root: fileURLToPath(new URL("../../", import.meta.url)) })
    .build({ snapshot: "memory" });
  const applyBuild = await build;
  const stopping = new AbortController();
  const make = makePair(db, file.lease);
  const published = datasetsOf(db, file.lease, datasets ?? join("data", "datasets"));
  const app = buildApp({
    lease: file.lease,
    labeling,
    status: () => file.status(),
    token: start,
    hosts,
    sessions: await sessionsOf(file, labeling.secret, team),
    runs: runsOf(localDirs),
    datasets: {
      ...published,
      publish: (request, send, signal) =>
        published.publish(request, send, AbortSignal.any([signal, stopping.signal])),
    },
    practice,
    generate,
    runTests: testRunner(file.lease, labeling),
    makePair: (request, options) =>
      make(request, { ...options, signal: AbortSignal.any([options.signal, stopping.signal]) }),
  });
  applyBuild(app);
  const handler = app.handler();
  const server = listen({ hostname: host, port, ...tls }, (req, info) => {
    const original = originalRequest(req, info.remoteAddr.hostname, trustedProxy);
    return handler(original, info);
  });
  const origin = originOf(reachSettings, server.addr.port);
  return {
    origin,
    link: team ? origin : `${origin}/?token=${start}`,
    token: start,
    port: server.addr.port,
    team,
    finished: server.finished,
    async stop() {
      // A pair that is being made would hold the server for minutes, as a dataset that is being sent.
      stopping.abort(new OperationError("The server is stopping; start it and ask again."));
      await server.shutdown();
      await labeling.close();
      await file.close();
    },
  };
}

async function readPem(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(`There is no file ${path}; cert= and key= name files in PEM.`);
  }
}

function listen(
  options: Deno.ServeTcpOptions & ({ cert: string; key: string } | Record<never, never>),
  handler: (req: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ ...options, onListen: () => {} }, handler);
  } catch (error) {
    const { hostname, port } = options;
    if (error instanceof Deno.errors.AddrNotAvailable) {
      throw new InputError(
        `This machine has no address ${hostname}; name one of its own with host=.`,
      );
    }
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new OperationError(
      `Port ${port} is in use; stop what uses it or take another: port=${port! + 1}`,
    );
  }
}
