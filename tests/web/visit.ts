/** A browser on the app, and what it complains about. */
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { CHROMIUM_ARGS, ensureChromium } from "@/lib/setup/chromium.ts";

let launched: Promise<Browser> | undefined;
const browser = () =>
  launched ??= ensureChromium().then((executablePath) =>
    chromium.launch({ executablePath, args: CHROMIUM_ARGS })
  );

/** Ends the browser of this process; for `Deno.test.afterAll`. */
export async function closeBrowser(): Promise<void> {
  await (await launched)?.close();
}

/** A page, and everything that the browser complained about. */
export interface Visit extends AsyncDisposable {
  page: Page;
  errors: string[];
}

/** The page of who came with the token. */
export async function visit(
  link: string,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<Visit> {
  const context = await (await browser()).newContext(options);
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) errors.push(message.text());
  });
  await page.goto(link);
  return { page, errors, [Symbol.asyncDispose]: () => context.close() };
}

/** Says who labels in this browser, and waits for the labeling page. */
export async function startLabeling(page: Page, name: string): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Start labeling" }).click();
  await page.waitForURL((url) => url.pathname === "/" && url.search === "");
}

/** What axe-core finds on the page that keeps people out: faults of impact serious or critical. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run()
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}
