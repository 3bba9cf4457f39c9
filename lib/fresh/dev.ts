import { getMimeType } from "hono/utils/mime";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ComponentType } from "preact";
import type { App } from "./app.ts";
import { type FsRoute, loadRoutes, sourceFiles } from "./fs-routes.ts";
import { registerIsland } from "./islands.ts";
import { BUILD_ID } from "./runtime.ts";

/** What the Builder hands to the App; `clientUrl` is the module that brings islands to life. */
export interface Build {
  routes: FsRoute[];
  clientUrl: string;
  file(url: URL): Promise<Response | undefined>;
}

/** Loads routes, bundles islands for the browser and gives both to an App. */
export class Builder {
  readonly #root: string;
  constructor({ root = "." }: { root?: string } = {}) {
    this.#root = resolve(root.startsWith("file:") ? fileURLToPath(root) : root);
  }

  /** Serves the app that `load` returns. */
  async listen<S>(load: () => Promise<{ app: App<S> }>, options?: Deno.ServeTcpOptions) {
    const { app } = await load();
    (await this.build())(app);
    await app.listen(options);
  }

  /** @returns a function that makes an App serve what was built; nothing is written to disk */
  async build(_: { snapshot?: "memory" } = {}): Promise<<S>(app: App<S>) => void> {
    const client = fileURLToPath(new URL("./client.ts", import.meta.url));
    const [islandDir, routeDir, staticDir] = ["islands", "routes", "static"]
      .map((name) => join(this.#root, name));
    const islands = sourceFiles(islandDir).map((file) => join(islandDir, file));
    const { files, urlOf } = await bundle([client, ...islands]);
    for (const file of islands) {
      const exports: Record<string, ComponentType> = await import(pathToFileURL(file).href);
      for (const name in exports) registerIsland(exports[name], name, urlOf(file));
    }
    const read = async (pathname: string) => {
      const path = join(staticDir, decodeURIComponent(pathname));
      return path.startsWith(staticDir + sep) ? await Deno.readFile(path) : undefined;
    };
    const file = async ({ pathname, searchParams }: URL) => {
      // What is not a file is left to the routes.
      const content = files.get(pathname) ?? await read(pathname).catch(() => undefined);
      const keep = files.has(pathname) || searchParams.get("__frsh_c") === BUILD_ID;
      const headers = {
        "Content-Type": getMimeType(pathname) ?? "application/octet-stream",
        "Cache-Control": keep ? "public, max-age=31536000, immutable" : "no-store",
      };
      return content && new Response(content, { headers });
    };
    const build = { routes: await loadRoutes(routeDir), clientUrl: urlOf(client), file };
    return (app) => void (app.build = build);
  }
}

/** The modules and the chunks that they share, by address. */
async function bundle(entrypoints: string[]) {
  let outputDir = dirname(entrypoints[0]);
  while (!entrypoints.every((f) => f.startsWith(outputDir + sep))) outputDir = dirname(outputDir);
  const urlOf = (path: string) =>
    `/_fresh/js/${BUILD_ID}/${relative(outputDir, path).replace(/\.[tj]sx?$/, ".js")}`;
  const how = { platform: "browser", codeSplitting: true, minify: true, write: false } as const;
  const { outputFiles = [], errors } = await Deno.bundle({ entrypoints, outputDir, ...how });
  if (errors.length) throw new Error(`The islands cannot be bundled: ${errors[0].text}`);
  const files = new Map(
    outputFiles.map((f) => [urlOf(f.path), f.contents as Uint8Array<ArrayBuffer>]),
  );
  return { files, urlOf };
}
