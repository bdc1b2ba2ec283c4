// `npm run screenshot`: the README's two images of the dashboard, taken of a real one after a busy minute. A vitest file, run
// by vitest.images.config.ts only: what it starts, presses and waits for is the browser tests' own.
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { exampleOn } from "../testing/example-on.ts";
import { runMain } from "../testing/run-main.ts";
import { openPage, startBrowser } from "./browser.ts";
import { keepBusy } from "./busy.ts";

const config = exampleOn("redis");
const browser = await startBrowser();
const main = runMain(config, ["--port", "0", "--redis", "--instances", "3"]);
afterAll(() => main.dispose());
const { gateway, dashboard } = await main.started;

/** What a README should make its readers load at most, in bytes. */
const mostBytes = 400_000;
const busyMs = 50_000;

test("the dashboard, busy, at 1440 pixels in both schemes", async () => {
  const { page } = await openPage(browser, dashboard);
  await keepBusy(page, gateway, busyMs);
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    const path = fileURLToPath(new URL(`../../../../docs/images/dashboard-${scheme}.png`, import.meta.url));
    await page.screenshot({ path, fullPage: true, animations: "disabled" });
    expect(statSync(path).size).toBeLessThan(mostBytes);
    console.log(`${path}: ${statSync(path).size} bytes`);
  }
});
