import { readdirSync } from "node:fs";
import { OperationError } from "@/lib/errors.ts";

/**
 * The version of a Python package as its metadata folder `NAME-VERSION.dist-info` says.
 * @param folder site-packages
 * @throws OperationError when it is not installed
 */
export function installedVersion(folder: string, name: string): string {
  const pattern = new RegExp(`^${name}-(.+)\\.dist-info$`);
  const version = readdirSync(folder).map((entry) => entry.match(pattern)?.[1]).find(Boolean);
  if (!version) {
    throw new OperationError(`The Python package ${name} is not installed; run: deno task setup`);
  }
  return version;
}
