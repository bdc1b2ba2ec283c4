// The operator's key in a real browser: where it comes from, where it stays, and what a page without it is.

import { join } from "node:path";
import { readLog } from "@tollbooth-stores/sandbox";
import type { Page } from "playwright-core";
import { afterAll, expect, test, vi } from "vitest";
import { exampleOn } from "../testing/example-on.ts";
import { runMain } from "../testing/run-main.ts";
import { button, entryAfter, live, openPage, region, startBrowser } from "./browser.ts";

const browser = await startBrowser();
const main = runMain(exampleOn("memory"));
afterAll(() => main.dispose());
const { gateway, dashboard } = await main.started;
const open = () => openPage(browser, dashboard);

const press = (page: Page, name: string) => entryAfter(page, name, () => button(page, name).click());
const transfers = () =>
  readLog(join(main.logDirectory, "ledger.jsonl")).filter(({ kind }) => kind === "transfer").length;

const actionButtons = ["Pay once", "Burst until 429", "Hop across instances", "Kill gateway-1", "Run the comparison"];

test("the key is taken out of the address, stays with the tab, and is in no request's address", async () => {
  const { page } = await open();
  const asked: string[] = [];
  page.on("request", (request) => void asked.push(request.url()));
  expect(page.url()).toBe(`${gateway}/`);
  await page.reload();
  await live(page);
  const entry = await press(page, "Pay once");
  expect(await entry.textContent()).toContain("200");
  expect(asked.length).toBeGreaterThan(3);
  expect(asked.join()).not.toContain(dashboard.split("=").at(-1));
});

test("the key is nowhere in the page of a reader, whose buttons do nothing and say why", async () => {
  const { page } = await openPage(browser, gateway);
  for (const name of actionButtons) expect(await button(page, name).isDisabled()).toBe(true);
  await region(page, "Console").getByText("open the dashboard by the link that the terminal printed").waitFor();
  expect(await page.content()).not.toContain(dashboard.split("=").at(-1));
  expect(await page.evaluate("Object.keys(sessionStorage)")).toEqual([]);
});

test("the key given later, on the page that is open, makes its buttons work", async () => {
  const { page } = await openPage(browser, gateway);
  await page.evaluate(`location.href = ${JSON.stringify(dashboard)}`);
  await vi.waitFor(async () => expect(await button(page, "Pay once").isEnabled()).toBe(true), 10_000);
  expect(await (await press(page, "Pay once")).textContent()).toContain("200");
});

test("the key of another start is refused, forgotten, and the page can still be read", async () => {
  const { page, wrong } = await openPage(browser, `${gateway}/#key=${"A".repeat(43)}`);
  expect(await button(page, "Pay once").isDisabled()).toBe(true);
  expect(await page.evaluate("Object.keys(sessionStorage)")).toEqual([]);
  expect(wrong.splice(0)).toEqual([expect.stringContaining("403")]);
});

test.each<[string, Record<string, string>]>([
  ["without the key", {}],
  ["with a wrong key", { "x-dashboard-key": "A".repeat(43) }],
])("a request from the page's own context %s is refused", async (_name, headers) => {
  const { page, wrong } = await open();
  const before = transfers();
  const sent = `fetch("/dashboard/actions/pay", { method: "POST", headers: ${JSON.stringify(headers)}, body: "{}" })`;
  const answer = await page.evaluate<[number, { message: string }]>(
    `${sent}.then(async (a) => [a.status, await a.json()])`,
  );
  expect(answer).toEqual([403, { message: expect.stringContaining("Actions need the key of this start") }]);
  expect(transfers()).toBe(before);
  expect(wrong.splice(0)).toEqual([expect.stringContaining("403")]);
});
