/**
 * Pictures of JupyterLab with executed notebooks, in its light and its dark theme.
 *
 * @module
 */
import { basename, join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { OperationError } from "@/lib/errors.ts";
import { jupyterEnvironment } from "@/lib/notebooks/jupyter.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { CHROMIUM_ARGS, ensureChromium } from "@/lib/setup/chromium.ts";
import { TextLineStream } from "@/lib/setup/lines.ts";
import { pythonPath } from "@/lib/setup/paths.ts";

/** What is to be seen of a notebook. */
export interface NotebookView {
  /** An executed notebook. */
  notebook: string;
  /** Text of the cell that is at the top of the picture. */
  from: string;
}

/** Name of a theme in files → in JupyterLab. */
const THEMES = { light: "JupyterLab Light", dark: "JupyterLab Dark" } as const;

/** CSS pixels: a laptop's width, and as high as a few cells with their figures. */
const VIEWPORT = { width: 1100, height: 1500 };

/**
 * Takes a picture of each view in each theme, `out`/NAME-THEME.png. JupyterLab runs on copies of the notebooks, without
 * anybody's settings, and reaches nothing but this machine.
 *
 * @returns the files
 * @throws OperationError when JupyterLab does not start or does not show a notebook
 */
export async function notebookScreenshots(
  views: readonly NotebookView[],
  out: string,
  onProgress: OnProgress,
): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "codepref-screenshots-" });
  await using lab = await startLab(folder, views.map(({ notebook }) => notebook));
  await using browser = await chromium.launch({
    executablePath: await ensureChromium(),
    args: CHROMIUM_ARGS,
  });
  await Deno.mkdir(out, { recursive: true });
  const files: string[] = [];
  for (const [theme, name] of Object.entries(THEMES)) {
    await lab.setTheme(name);
    for (const view of views) {
      onProgress(files.length, views.length * 2, `${basename(view.notebook)}, ${theme}`);
      const file = join(out, `${basename(view.notebook, ".ipynb")}-${theme}.png`);
      await picture(browser, lab.address, view, file);
      files.push(file);
    }
  }
  onProgress(files.length, files.length);
  return files;
}

async function picture(
  browser: Browser,
  address: (notebook: string) => string,
  { notebook, from }: NotebookView,
  file: string,
): Promise<void> {
  const context = await browser.newContext({ viewport: VIEWPORT });
  try {
    const page = await context.newPage();
    await page.goto(address(basename(notebook)));
    const cell = page.locator(".jp-Cell", { hasText: from }).first();
    await cell.waitFor();
    // Formulas, and pictures in outputs, are typeset after the page is there.
    await page.waitForFunction(() => !document.querySelector(".jp-mod-loading, .jp-Spinner"));
    await page.keyboard.press("Control+b");
    await cell.evaluate((element) => element.scrollIntoView({ block: "start" }));
    await page.waitForLoadState("networkidle");
    await cell.evaluate((element) => element.scrollIntoView({ block: "start" }));
    await page.screenshot({ path: file, animations: "disabled", caret: "hide" });
  } finally {
    await context.close();
  }
}

interface Lab extends AsyncDisposable {
  address(notebook: string): string;
  setTheme(name: string): Promise<void>;
}

/** JupyterLab on copies of notebooks in a folder of its own, which goes with it. */
async function startLab(folder: string, notebooks: readonly string[]): Promise<Lab> {
  const work = join(folder, "notebooks"), settings = join(folder, "settings");
  await Deno.mkdir(work);
  for (const notebook of notebooks) {
    await Deno.copyFile(notebook, join(work, basename(notebook)));
  }
  const env = {
    ...jupyterEnvironment(),
    JUPYTER_CONFIG_DIR: join(folder, "config"),
    JUPYTER_DATA_DIR: join(folder, "data"),
    JUPYTER_RUNTIME_DIR: join(folder, "runtime"),
    JUPYTERLAB_SETTINGS_DIR: settings,
    JUPYTERLAB_WORKSPACES_DIR: join(folder, "workspaces"),
  };
  const signed = await new Deno.Command(pythonPath(), {
    args: ["-m", "nbformat.sign", ...notebooks.map((path) => join(work, basename(path)))],
    env,
    stdout: "null",
    stderr: "null",
  }).output();
  if (!signed.success) throw new OperationError("Jupyter could not sign the notebooks.");
  const token = crypto.randomUUID();
  const child = new Deno.Command(pythonPath(), {
    args: [
      ...["-m", "jupyterlab", "--no-browser", "--ServerApp.port=0", "--ServerApp.ip=127.0.0.1"],
      `--ServerApp.root_dir=${work}`,
      `--IdentityProvider.token=${token}`,
      `--ServerApp.allow_root=${Deno.uid() === 0 ? "True" : "False"}`,
    ],
    env,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  (async () => {
    const lines = child.stderr.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    for await (const line of lines) {
      const origin = line.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0];
      if (origin) resolve(origin);
    }
    reject(new OperationError("JupyterLab did not start: run `deno task setup`."));
  })();
  const origin = await promise;
  return {
    address: (notebook) => `${origin}/lab/tree/${notebook}?token=${token}&reset`,
    async setTheme(theme) {
      const save = async (plugin: string, name: string, value: object) => {
        await Deno.mkdir(join(settings, "@jupyterlab", plugin), { recursive: true });
        const file = join(settings, "@jupyterlab", plugin, `${name}.jupyterlab-settings`);
        await Deno.writeTextFile(file, JSON.stringify(value));
      };
      await save("apputils-extension", "themes", { theme });
      await save("apputils-extension", "notification", {
        checkForUpdates: false,
        fetchNews: "false",
      });
      // All cells are there at once, wherever the page is scrolled to.
      await save("notebook-extension", "tracker", { windowingMode: "none" });
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}
