// A real Chromium for one test file, and pages in it that tell of everything that went wrong on them.
import { findChromium } from "@tollbooth-stores/redis-testkit/servers";
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, expect, onTestFinished, vi } from "vitest";

/** Nothing that a test browser does in the background, and no sandbox where it refuses to have one. */
const quiet = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface Look {
  /** Of the window, in CSS pixels. */
  width: number;
  scheme: "light" | "dark";
}

export interface OpenedPage {
  page: Page;
  /**
   * What should not be: errors on the console (a blocked resource is one), exceptions, requests to another origin. The
   * test fails if anything is left in it at its end.
   */
  wrong: string[];
}

/** Windows are this high, in CSS pixels. */
const height = 900;

/** Starts a browser that ends with the test file. Call it at the file's top level: an installation takes its time. */
export async function startBrowser(): Promise<Browser> {
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath: await findChromium(), args: [...quiet, ...sandbox] });
  afterAll(() => browser.close());
  return browser;
}

/** A page in a profile of its own, not loaded yet. */
export async function newPage(browser: Browser, look: Look): Promise<OpenedPage & { context: BrowserContext }> {
  const context = await browser.newContext({
    viewport: { width: look.width, height },
    colorScheme: look.scheme,
    reducedMotion: "reduce",
    locale: "en-GB",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") wrong.push(message.text());
  });
  page.on("pageerror", (error) => void wrong.push(String(error)));
  page.on("request", (request) => {
    const from = new URL(page.url() === "about:blank" ? request.url() : page.url());
    if (new URL(request.url()).origin !== from.origin) wrong.push(`a request to ${request.url()}`);
  });
  return { context, page, wrong };
}

/** Loads `url` for the time of one test, and waits until the page is live. */
export async function openPage(
  browser: Browser,
  url: string,
  look: Look = { width: 1_440, scheme: "light" },
): Promise<OpenedPage> {
  const { context, page, wrong } = await newPage(browser, look);
  onTestFinished(async () => {
    await context.close();
    expect(wrong).toEqual([]);
  });
  await page.goto(url);
  await live(page);
  return { page, wrong };
}

/** Resolves once the page has its first message from the server. */
export async function live(page: Page): Promise<void> {
  await page.getByRole("status").filter({ hasText: "Live" }).waitFor();
  await region(page, "Payments").waitFor();
}

/** One of the page's sections, by its heading. */
export const region = (page: Page, name: string): Locator => page.getByRole("region", { name, exact: true });

export const button = (page: Page, name: string): Locator => page.getByRole("button", { name, exact: true });

/** The console's newest entry, once it is another one than before `act` and about `name`. */
export async function entryAfter(page: Page, name: string, act: () => Promise<void>): Promise<Locator> {
  const newest = region(page, "Console").getByRole("article").first();
  // The time, the commands or the words in it are others each time.
  const shown = async () => ((await newest.count()) === 0 ? "" : newest.innerHTML());
  const before = await shown();
  await act();
  await vi.waitFor(async () => {
    expect(await newest.getByRole("heading").textContent({ timeout: 1_000 })).toBe(name);
    expect(await shown()).not.toBe(before);
  }, 20_000);
  return newest;
}
