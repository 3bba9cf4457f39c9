/**
 * Pictures of the web app's pages, on wide and narrow screens.
 *
 * @module
 */
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { OperationError } from "@/lib/errors.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { CHROMIUM_ARGS, ensureChromium } from "@/lib/setup/chromium.ts";
import { withStore } from "@/lib/store/store.ts";
import { invite } from "@/lib/web/accounts.ts";
import { serveApp, type Serving } from "@/lib/web/serve.ts";
import { withPalette } from "@/lib/screenshots/palette-png.ts";
import {
  makeSampleDatabase,
  makeSampleRuns,
  SAMPLE_LABELER,
  SAMPLE_PAIR,
  SAMPLE_TIME,
} from "@/lib/screenshots/sample-database.ts";

type Theme = "light" | "dark";

/** One page. */
interface View {
  name: string;
  address: string;
  themes?: readonly Theme[];
  /** Waits until the page is there, and does what is to be seen on it. */
  prepare?: (page: Page) => Promise<void>;
  /** Looked at by somebody without a session. */
  stranger?: boolean;
  /** As high as a screen, whatever is below. */
  screen?: boolean;
}

/** CSS pixels: widths, and how high a picture may be. It is as high as what is on its page. */
const HIGHEST = { 1440: 1500, 390: 1900 };
/** What sheets lie over. */
const HEIGHTS = { 1440: 900, 390: 844 };

const labeling = async (page: Page) => {
  await page.waitForSelector('.workbench[aria-busy="false"]');
  await page.waitForSelector(".jump button:not([disabled])");
};
const sheet = (key: string, inside: string) => async (page: Page) => {
  await labeling(page);
  await page.keyboard.press(key);
  await page.waitForSelector(`dialog[open] ${inside}`);
};
const MARGIN = 24;
const PAIR = `/?pair=${SAMPLE_PAIR}`;

const VIEWS: View[] = [
  {
    name: "labeling",
    address: PAIR,
    themes: ["light", "dark"],
    async prepare(page) {
      await labeling(page);
      // A decision in the making.
      for (const key of ["q", "a"]) await page.keyboard.press(key);
      await page.waitForSelector('.workbench[aria-busy="false"] [aria-pressed="true"]');
    },
  },
  { name: "today", address: PAIR, prepare: sheet("y", ".today"), screen: true },
  { name: "history", address: PAIR, prepare: sheet("h", ".history"), screen: true },
  { name: "questions", address: "/questions" },
  { name: "pairs", address: "/pairs" },
  { name: "quality", address: "/quality" },
  { name: "runs", address: "/runs" },
  {
    name: "run",
    address: "/runs/0/dpo_2026-03-06_10-45",
    prepare: async (page) => {
      await page.getByRole("img", { name: "Loss" }).waitFor();
    },
  },
  { name: "guidelines", address: "/guidelines" },
  { name: "sign-in", address: "/", stranger: true },
];

/**
 * Takes a picture of each page of the app on a made-up database, `out`/NAME-THEME-WIDTH.png, once it is whole and the
 * browser has not complained.
 *
 * @returns the files
 * @throws OperationError when a page complains
 */
export async function pageScreenshots(out: string, onProgress: OnProgress): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "codepref-screenshots-" });
  try {
    const db = join(folder, "sample.duckdb"), localDir = join(folder, "runs");
    await makeSampleDatabase(db);
    using _training = await makeSampleRuns(localDir);
    await using browser = await chromium.launch({
      executablePath: await ensureChromium(),
      args: CHROMIUM_ARGS,
    });
    await Deno.mkdir(out, { recursive: true });
    const files: string[] = [];
    const shots = VIEWS.flatMap((view) =>
      (view.themes ?? ["light"]).flatMap((theme) =>
        ([1440, 390] as const).map((width) => ({ view, theme, width }))
      )
    );
    const take = async (
      serving: Serving,
      shot: { view: View; theme: Theme; width: keyof typeof HIGHEST },
    ) => {
      const file = join(out, `${shot.view.name}-${shot.theme}-${shot.width}.png`);
      onProgress(files.length, shots.length + 2, file);
      await picture(browser, serving, shot, file);
      files.push(file);
    };
    await served({ db, localDirs: [localDir] }, async (app) => {
      for (const shot of shots) await take(app, shot);
    });
    const { invitation } = await withStore(db, (store) => invite(store, "grace", "labeler", 72));
    const view = { name: "invitation", address: `/join/${invitation}`, stranger: true };
    // Who names a host takes part by accounts.
    await served({ db, localDirs: [], hosts: ["label.example.org"] }, async (app) => {
      for (const width of [1440, 390] as const) await take(app, { view, theme: "light", width });
    });
    onProgress(files.length, files.length);
    return files;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function served(
  options: { db: string; localDirs: string[]; hosts?: string[] },
  work: (app: Serving) => Promise<void>,
): Promise<void> {
  const app = await serveApp({
    ...options,
    host: "127.0.0.1",
    port: 0,
    makePair: () => () => Promise.reject(new OperationError("No pairs are made for pictures.")),
  });
  try {
    await work(app);
  } finally {
    await app.stop();
  }
}

async function picture(
  browser: Browser,
  app: Serving,
  { view, theme, width }: { view: View; theme: Theme; width: keyof typeof HIGHEST },
  file: string,
): Promise<void> {
  const height = HEIGHTS[width];
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    timezoneId: "UTC",
    locale: "en-GB",
    reducedMotion: "reduce",
  });
  try {
    if (!view.stranger) await signIn(context, app);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    await page.clock.setFixedTime(SAMPLE_TIME);
    const { team, link, port } = app;
    await page.goto(
      view.stranger && !team ? link : `http://127.0.0.1:${port}${view.address}`,
    );
    await view.prepare?.(page);
    await page.waitForLoadState("networkidle");
    if (complaints.length > 0) {
      throw new OperationError(`The page ${view.name} complains: ${complaints.join("; ")}`);
    }
    const whole = await page.evaluate(() =>
      Math.ceil(document.body.getBoundingClientRect().bottom)
    );
    // What keeps to the lower edge of the screen is to be below the rest.
    if (!view.screen && whole !== height) {
      await page.setViewportSize({ width, height: Math.min(whole + MARGIN, HIGHEST[width]) });
    }
    const png = await page.screenshot({ animations: "disabled", caret: "hide" });
    await Deno.writeFile(file, withPalette(png));
  } finally {
    await context.close();
  }
}

/** A session of {@link SAMPLE_LABELER}, who came with the start token. */
async function signIn(context: BrowserContext, app: Serving): Promise<void> {
  const response = await context.request.post(`${app.origin}/api/session`, {
    data: { name: SAMPLE_LABELER, token: app.token },
  });
  if (!response.ok()) throw new OperationError(await response.text());
}
