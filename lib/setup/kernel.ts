/**
 * The Deno kernel for Jupyter. `deno jupyter --install` writes to the person's home whatever it is told, so
 * the specification is written into the environment, where Jupyter looks first.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";

const FOLDER = ["share", "jupyter", "kernels", "deno"];

/**
 * Writes the kernel's specification into an environment.
 *
 * @param venv the folder of the environment
 * @param deno the Deno to run; one in an npx cache, which may be swept any day, is copied into the environment
 */
export async function installKernel(venv: string, deno: string = Deno.execPath()): Promise<void> {
  const program = isFleeting(deno) ? await copyInto(venv, deno) : deno;
  const folder = join(venv, ...FOLDER);
  await Deno.mkdir(folder, { recursive: true });
  const specification = {
    argv: [program, "jupyter", "--kernel", "--conn", "{connection_file}"],
    display_name: "Deno",
    language: "typescript",
  };
  const temporary = join(folder, `kernel.json.${crypto.randomUUID()}`);
  await Deno.writeTextFile(temporary, JSON.stringify(specification, null, 2) + "\n");
  await Deno.rename(temporary, join(folder, "kernel.json"));
}

/** Whether the specification is there and the program it names too. */
export async function kernelIsInstalled(venv: string): Promise<boolean> {
  try {
    const { argv } = JSON.parse(await Deno.readTextFile(join(venv, ...FOLDER, "kernel.json")));
    return existsSync(argv[0]);
  } catch {
    return false;
  }
}

function isFleeting(path: string): boolean {
  return /[/\\](_npx|dlx-[^/\\]*|bunx-[^/\\]*)[/\\]/.test(path);
}

async function copyInto(venv: string, deno: string): Promise<string> {
  const target = join(venv, "bin", basename(deno));
  const temporary = `${target}.${crypto.randomUUID()}`;
  await Deno.mkdir(join(venv, "bin"), { recursive: true });
  await Deno.copyFile(deno, temporary);
  await Deno.chmod(temporary, 0o755);
  await Deno.rename(temporary, target);
  return target;
}
