// How the dashboard looks, empty, busy, comparing and cut off, in both schemes: accessible, within narrow windows, and kept
// as screenshots in .artifacts/.
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { exampleOn } from "../testing/example-on.ts";
import { runMain } from "../testing/run-main.ts";
import { button, live, newPage, type OpenedPage, region, startBrowser } from "./browser.ts";
import { keepBusy } from "./busy.ts";

const config = exampleOn("redis");
const artifacts = fileURLToPath(new URL("../../.artifacts/", import.meta.url));
const browser = await startBrowser();
const main = runMain(config, ["--port", "0", "--redis", "--instances", "3"]);
afterAll(() => main.dispose());
const { gateway, dashboard: link } = await main.started;

let opened: OpenedPage | undefined;
beforeAll(async () => {
  opened = await newPage(browser, { width: 1_440, scheme: "light" });
  await opened.page.goto(link);
  await live(opened.page);
}, 60_000);

/** The one page that goes through all the states, in the order of this file. */
function dashboard(): OpenedPage {
  if (opened === undefined) throw new Error("The page is not open.");
  return opened;
}

const schemes = ["light", "dark"] as const;

/** In every window and scheme: a screenshot, nothing beyond the edge; in the widest and the narrowest what axe says. */
async function looksRight(state: string, widths: readonly number[] = [360, 768, 1_440]): Promise<void> {
  const { page } = dashboard();
  for (const scheme of schemes) {
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme: scheme });
      const beyond = await page.evaluate(`document.documentElement.scrollWidth <= innerWidth ? [] :
        [...document.querySelectorAll("body *")]
          .filter((element) => element.getBoundingClientRect().right > innerWidth)
          .map((element) => element.outerHTML.slice(0, 120))`);
      expect({ scheme, width, beyond }).toEqual({ scheme, width, beyond: [] });
      const path = `${artifacts}dashboard-${state}-${width}-${scheme}.png`;
      await page.screenshot({ path, fullPage: true, animations: "disabled" });
      const accessible = width === 768 ? [] : await violations();
      expect({ scheme, width, accessible }).toEqual({ scheme, width, accessible: [] });
    }
  }
}

/** What axe has against the page as it is, and where. */
async function violations(): Promise<object[]> {
  const found = await new AxeBuilder({ page: dashboard().page }).analyze();
  return found.violations.map(({ id, nodes }) => ({
    id,
    on: nodes.map(({ html, failureSummary }) => [html, failureSummary]),
  }));
}

afterEach(() => {
  // What a page says on its console that cannot reach its server is no mistake of its own.
  const wrong = dashboard().wrong.splice(0);
  expect(wrong.filter((line) => main.child.exitCode === null || !line.includes("Failed to load resource"))).toEqual([]);
});

describe("the dashboard looks right", () => {
  test("in letters: there is a font", async () => {
    const widths = await dashboard().page.evaluate<number[]>(`(() => {
      const canvas = document.createElement("canvas").getContext("2d");
      canvas.font = "16px " + getComputedStyle(document.body).fontFamily;
      return ["iiii", "WWWW"].map((text) => canvas.measureText(text).width);
    })()`);
    const [narrow = 0, wide = 0] = widths;
    expect(narrow, "Chromium finds no font; install one, e.g. fonts-liberation.").toBeGreaterThan(0);
    expect(wide).toBeGreaterThan(2 * narrow);
  });

  test("empty", () => looksRight("empty"));

  test("to a reader without the key", async () => {
    const operator = dashboard();
    const reader = await newPage(browser, { width: 1_440, scheme: "light" });
    opened = reader;
    try {
      await reader.page.goto(gateway);
      await live(reader.page);
      await looksRight("reader", [360, 1_440]);
    } finally {
      await reader.context.close();
      opened = operator;
    }
  });

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
    await looksRight("lost", [1_440]);
  });
});
