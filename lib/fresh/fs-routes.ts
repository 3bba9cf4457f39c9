import { existsSync, readdirSync } from "node:fs";
import { join, parse, sep } from "node:path";
import { pathToFileURL } from "node:url";

/** Source files of a folder and the folders in it. */
export function sourceFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => /(?<!\.d|[._]test)\.[tj]sx?$/.test(name)).sort();
}

/** A file of the routes folder: a page, or `_app`, `_layout` … for the addresses below its folder. */
export type FsRoute = Awaited<ReturnType<typeof loadRoute>>;
async function loadRoute(folder: string, file: string) {
  const { dir, name } = parse(file.replaceAll(sep, "/"));
  const kind = name.startsWith("_") ? name : "page";
  const pattern = "/" + [...dir.split("/"), kind !== "page" || name === "index" ? "" : name]
    .filter((part) => part && !/^\(.*\)$/.test(part))
    .map((part) => part.replace(/^\[\.\.\.(.+)\]$/, ":$1{.*}").replaceAll(/\[(.+?)\]/g, ":$1"))
    .join("/");
  return { kind, pattern, module: await import(pathToFileURL(join(folder, file)).href) };
}

/** Loads the routes folder: special files before pages, fixed addresses before parameters. */
export async function loadRoutes(folder: string): Promise<FsRoute[]> {
  const routes = await Promise.all(sourceFiles(folder).map((file) => loadRoute(folder, file)));
  const order = ["_app", "_error", "_404", "_layout", "_middleware", "page"];
  const rank = ({ kind, pattern }: FsRoute) => order.indexOf(kind) + pattern.split(/[:{]/).length;
  return routes.sort((a, b) => rank(a) - rank(b));
}
