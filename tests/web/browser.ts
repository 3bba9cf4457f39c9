/** A labeler at the labeling page in Chromium. */
import type { Page } from "playwright-core";
import { type Visit, visit as arrive } from "@/tests/web/visit.ts";

/** Opens the link, gives a name, by keyboard alone, and waits until there is something to do. */
export async function visit(
  link: string,
  name: string,
  options: Parameters<typeof arrive>[1] = {},
): Promise<Visit> {
  const visitor = await arrive(link, options), { page } = visitor;
  // The field has the focus, which a browser gives it a moment after the page has loaded.
  await page.waitForSelector("#name:focus");
  await page.keyboard.type(name);
  await page.keyboard.press("Enter");
  await ready(page);
  return visitor;
}

/** Waits until keys are heard. */
export const ready = async (page: Page): Promise<void> => {
  await page.waitForSelector('.workbench[aria-busy="false"]');
  await page.waitForSelector(".jump button:not([disabled])");
};
/** Waits until a sheet has the keys, or until the page has them again. */
export const sheet = async (page: Page, state: "open" | "closed"): Promise<void> => {
  if (state === "open") await page.waitForSelector("dialog[open]");
  // A dialog that has just closed is there until the page has heard of it.
  else await page.waitForSelector("dialog", { state: "detached" });
};
/** Waits until the decision on the screen is in the database. */
export const saved = (page: Page) => page.waitForSelector('[data-state="saved"]');
/** Waits until a pair without a decision is on the screen. */
export const open = (page: Page) => page.waitForSelector('[data-state="open"]');
/** The codes on the screen, the left one first. */
export const shownCodes = (page: Page): Promise<string[]> =>
  page.locator(".source code").allTextContents();
/** The pair on the screen. */
export const shownPair = (page: Page): string => new URL(page.url()).searchParams.get("pair")!;
