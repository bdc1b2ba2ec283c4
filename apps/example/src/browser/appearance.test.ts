// How the dashboard looks, empty, busy, comparing and cut off, in both schemes: accessible, within narrow windows, and kept
// as screenshots in .artifacts/.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMain } from "../testing/run-main.ts";
import { button, live, newPage, type OpenedPage, region, startBrowser } from "./browser.ts";
import { keepBusy } from "./busy.ts";

const config = readFileSync(new URL("../../config/redis.yaml", import.meta.url), "utf8");
const artifacts = fileURLToPath(new URL("../../.artifacts/", import.meta.url));
const browser = await startBrowser();
const main = runMain(config, ["--port", "0", "--redis", "--instances", "3"]);
afterAll(() => main.dispose());
const { gateway } = await main.started;

let opened: OpenedPage | undefined;
beforeAll(async () => {
  opened = await newPage(browser, { width: 1_440, scheme: "light" });
  await opened.page.goto(gateway);
  await live(opened.page);
});

/** The one page that goes through all the states, in the order of this file. */
function dashboard(): OpenedPage {
  if (opened === undefined) throw new Error("The page is not open.");
  return opened;
}

/** In every window and scheme: a screenshot, nothing beyond the edge; in the widest and the narrowest what axe says. */
async function looksRight(state: string, noise?: RegExp): Promise<void> {
  const { page, wrong } = dashboard();
  for (const scheme of ["light", "dark"] as const) {
    for (const width of [360, 768, 1_440]) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme: scheme });
      const overflowing = await page.evaluate(`[...document.querySelectorAll("body *")]
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && element.checkVisibility())
        .map((element) => element.outerHTML.slice(0, 120))`);
      const scrolls = await page.evaluate("document.documentElement.scrollWidth > innerWidth");
      expect({ scheme, width, scrolls, overflowing: scrolls ? overflowing : [] }).toEqual({
        ...{ scheme, width, scrolls: false, overflowing: [] },
      });
      const file = `dashboard-${state}-${width}-${scheme}.png`;
      await page.screenshot({ path: `${artifacts}${file}`, fullPage: true, animations: "disabled" });
      if (width === 768) continue;
      const { violations } = await new AxeBuilder({ page }).analyze();
      const told = violations.map(({ id, nodes }) => ({
        id,
        on: nodes.map(({ html, failureSummary }) => [html, failureSummary]),
      }));
      expect({ scheme, width, violations: told }).toEqual({ scheme, width, violations: [] });
    }
  }
  expect(wrong.filter((line) => noise?.test(line) !== true)).toEqual([]);
}

describe("the dashboard looks right", () => {
  test("empty", () => looksRight("empty"));

  test("busy", async () => {
    await keepBusy(dashboard().page, gateway, 2_000);
    await looksRight("busy");
  });

  test("with the comparison made: red for memory, clean for Redis", async () => {
    const { page } = dashboard();
    const comparison = region(page, "Comparison");
    await button(page, "Run the comparison").click();
    await button(page, "Stop the comparison").waitFor();
    await comparison
      .getByRole("row", { name: /^in all/ })
      .filter({ hasText: /broken.*kept/ })
      .waitFor({ timeout: 90_000 });
    const heads = await comparison.getByRole("columnheader").allTextContents();
    expect(heads.map((head) => /^(memory|redis)/.exec(head)?.[0])).toEqual(["memory", "redis"]);
    const [memory, redis] = await comparison
      .getByRole("row", { name: /^in all/ })
      .getByRole("cell")
      .allTextContents();
    expect(memory).toMatch(/[1-9]\d* of \d+ promises broken/);
    expect(redis).toMatch(/all \d+ promises kept/);
    await button(page, "Run the comparison").waitFor();
    await looksRight("comparison");
  }, 180_000);

  test("cut off", async () => {
    const { page } = dashboard();
    main.child.kill("SIGTERM");
    await page.getByRole("status").filter({ hasText: "Connection lost" }).waitFor();
    expect(await main.exited).toEqual({ code: 0, signal: null });
    await looksRight("lost", /Failed to load resource/);
  });
});
