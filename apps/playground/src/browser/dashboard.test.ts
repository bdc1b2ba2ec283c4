// The dashboard in a real browser, on three gateways that share a Redis: what its buttons do, and what the page tells of it.

import { join } from "node:path";
import { readLog } from "@tollbooth-stores/sandbox";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test, vi } from "vitest";
import { exampleOn } from "../testing/example-on.ts";
import { runMain } from "../testing/run-main.ts";
import { button, entryAfter, live, openPage, region, startBrowser } from "./browser.ts";
import { card, counters, shownOf } from "./shown.ts";

const browser = await startBrowser();
const main = runMain(exampleOn("redis"), ["--port", "0", "--redis", "--instances", "3"]);
afterAll(() => main.dispose());
const { gateway, dashboard } = await main.started;
const open = () => openPage(browser, dashboard);

const press = (page: Page, name: string) => entryAfter(page, name, () => button(page, name).click());
const transfers = () =>
  readLog(join(main.logDirectory, "ledger.jsonl")).filter(({ kind }) => kind === "transfer").length;
describe("the page", () => {
  test("loads, is live, and shows every section and every instance with its real process", async () => {
    const { page } = await open();
    for (const name of ["Instances", "Payments", "Allowances", "Sessions", "Stores", "Console", "Comparison"]) {
      expect(await region(page, name).count()).toBe(1);
    }
    const { pids } = await main.started;
    for (const [index, name] of ["gateway-1", "gateway-2", "gateway-3"].entries()) {
      expect(await shownOf(page, name)).toEqual({ state: "ready", pid: String(pids[index]) });
    }
    expect(await page.title()).toContain("tollbooth-stores");
  });

  test("is sent with headers that keep everything foreign out", async () => {
    const page = await fetch(gateway, { headers: { accept: "text/html" } });
    const policy = page.headers.get("content-security-policy") ?? "";
    for (const rule of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]) {
      expect(policy).toContain(rule);
    }
    expect(policy).not.toContain("unsafe");
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await page.text()).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son[a-z]+=|style=/);
  });

  test("a script that is put into it does not run", async () => {
    const { page, wrong } = await open();
    await page.evaluate(
      "document.body.append(Object.assign(document.createElement('script'), { text: 'ran = true' }))",
    );
    expect(await page.evaluate("typeof ran")).toBe("undefined");
    expect(wrong.splice(0).join()).toContain("Content Security Policy");
  });
});

describe("the buttons", () => {
  test("paying once raises every counter by one, and the console shows the 200 and how to do it by hand", async () => {
    const { page } = await open();
    const before = await counters(page);
    const entry = await press(page, "Pay once");
    expect(await entry.textContent()).toMatch(/GET \/quote.*402.*GET \/quote.*200/);
    await vi.waitFor(async () => expect(await counters(page)).toEqual(before.map((count) => count + 1)), 10_000);
    await entry.getByRole("button", { name: /^Copy: curl -i .*payment-signature/i }).click();
    const copied = String(await page.evaluate("navigator.clipboard.readText()"));
    expect(copied).toMatch(/^curl -i \S+\/quote -H 'payment-signature: [A-Za-z0-9+/=]{200,}'$/i);
  });

  test("bursting ends in 429, and the allowances show that nothing is left", async () => {
    const { page } = await open();
    const entry = await press(page, "Burst until 429");
    expect(await entry.textContent()).toMatch(/5 admitted, .*429/);
    const row = region(page, "Allowances").getByRole("listitem").filter({ hasText: "0 of 5 left" });
    await row.first().waitFor();
    // Three gateways let go their sums at three moments.
    await vi.waitFor(async () => expect(await row.first().textContent()).toMatch(/5 allowed[1-9]\d* refused/), 10_000);
  });

  test("replaying a payment is answered 409, and nothing is transferred for it", async () => {
    const { page } = await open();
    await press(page, "Pay once");
    const before = transfers();
    const entry = await press(page, "Replay last payment");
    expect(await entry.textContent()).toContain("409");
    expect(transfers()).toBe(before);
    await vi.waitFor(async () => expect((await counters(page)).at(-1)).toBe(before), 10_000);
  });

  test("a session hops: every use is served, by two instances at least, and its time is shown", async () => {
    const { page } = await open();
    const entry = await press(page, "Hop across instances");
    const text = (await entry.textContent()) ?? "";
    const [, on = "", served, of] = /good on ([^:]+): (\d+) of (\d+) uses served/.exec(text) ?? [];
    expect(served).toBe(of);
    expect(on.split(", ").length).toBeGreaterThanOrEqual(2);
    await region(page, "Sessions")
      .getByRole("listitem")
      .filter({ hasText: /9:[0-5]\d|10:00/ })
      .first()
      .waitFor();
  });

  test("a killed instance is shown as down, and comes back with another process", async () => {
    const { page } = await open();
    const { pid } = await shownOf(page, "gateway-2");
    await press(page, "Kill gateway-2");
    await card(page, "gateway-2").getByText("down", { exact: true }).waitFor();
    await card(page, "gateway-2").getByText("ready", { exact: true }).waitFor();
    const after = await shownOf(page, "gateway-2");
    expect(after.pid).toMatch(/^\d+$/);
    expect(after.pid).not.toBe(pid);
    expect((await card(page, "gateway-2").textContent()) ?? "").toMatch(/restarts\s*1/);
  });

  test("a restarted instance drains, and another process takes its place", async () => {
    const { page } = await open();
    const { pid } = await shownOf(page, "gateway-3");
    const entry = await press(page, "Restart gateway-3");
    const [, ended, next] =
      /Process (\d+) finished .*; (\d+) took its place/.exec((await entry.textContent()) ?? "") ?? [];
    expect(ended).toBe(pid);
    await vi.waitFor(
      async () => expect(await shownOf(page, "gateway-3")).toEqual({ state: "ready", pid: next }),
      10_000,
    );
  });

  test("what the page has counted is what the ledger's own log says", async () => {
    const { page } = await open();
    await vi.waitFor(async () => expect(new Set(await counters(page))).toEqual(new Set([transfers()])), 10_000);
    expect(transfers()).toBeGreaterThan(0);
  });
});

describe("by keyboard alone", () => {
  /** Tabs through the page once; the name of whatever gets the focus, and whether that is seen. */
  async function tabbed(page: Page): Promise<{ name: string; seen: boolean }[]> {
    const stops: { name: string; seen: boolean }[] = [];
    for (let stop = 0; stop < 80; stop += 1) {
      await page.keyboard.press("Tab");
      const focused = await page.evaluate<{ name: string; seen: boolean } | null>(`(() => {
        const at = document.activeElement;
        if (at === null || at === document.body) return null;
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(at);
        const seen = (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2) || boxShadow !== "none";
        return { name: at.getAttribute("aria-label") ?? at.textContent.trim(), seen };
      })()`);
      if (focused === null) break;
      stops.push(focused);
    }
    return stops;
  }

  test("every action is reached, in the order of the page, with a focus that is seen", async () => {
    const { page } = await open();
    // Then there is something to replay; and a page that is loaded anew has the focus at its beginning.
    await press(page, "Pay once");
    await page.reload();
    await live(page);
    const stops = await tabbed(page);
    expect(stops.filter(({ seen }) => !seen)).toEqual([]);
    const actions = [
      "Pay once",
      "Burst until 429",
      "Replay last payment",
      "Hop across instances",
      ...["gateway-1", "gateway-2", "gateway-3"].flatMap((name) => [`Restart ${name}`, `Kill ${name}`]),
      "Run the comparison",
    ];
    const names = stops.map(({ name }) => name);
    expect(actions.filter((name) => !names.includes(name))).toEqual([]);
    const bar = names.filter((name) => actions.slice(0, 4).includes(name));
    expect(bar).toEqual(actions.slice(0, 4));
  });

  test.each(["Enter", "Space"])("%s presses a button, which keeps the focus", async (key) => {
    const { page } = await open();
    const before = transfers();
    await button(page, "Pay once").focus();
    const entry = await entryAfter(page, "Pay once", () => page.keyboard.press(key));
    expect(await entry.textContent()).toContain("200");
    expect(transfers()).toBe(before + 1);
    const focused = await page.evaluate("document.activeElement.textContent");
    expect(focused).toBe("Pay once");
  });
});

test("a list that is cut says how many more there are", async () => {
  const { page } = await open();
  const cut = region(page, "Sessions").getByText(/^and \d+ more$/);
  for (let presses = 0; presses < 8 && (await cut.count()) === 0; presses += 1)
    await press(page, "Hop across instances");
  await cut.waitFor();
  expect(await region(page, "Sessions").getByRole("listitem").count()).toBe(6);
});

test("stores that are away are told in words, until they are back", async () => {
  const { page, wrong } = await open();
  const redis = Number(/Redis .*\(pid (\d+);/.exec(main.output())?.[1]);
  expect(redis).toBeGreaterThan(0);
  const words = page.getByText(/^Stores away$/);
  await press(page, "Pay once");
  process.kill(redis, "SIGSTOP");
  try {
    const entry = await press(page, "Replay last payment");
    expect(await entry.textContent()).toContain("No answer: the stores are away. Nothing was charged again.");
    await words.waitFor();
    await card(page, "gateway-1").getByText("stores away", { exact: true }).waitFor();
    await region(page, "Stores").getByText("Paid routes answer 503 until they are back.").waitFor();
  } finally {
    process.kill(redis, "SIGCONT");
  }
  await vi.waitFor(
    async () => {
      await fetch(`${gateway}/quote`);
      expect(await words.count()).toBe(0);
    },
    { timeout: 20_000, interval: 100 },
  );
  await card(page, "gateway-1").getByText("ready", { exact: true }).waitFor();
  expect(wrong).toEqual([]);
});

describe("a connection that is lost", () => {
  test("the page says so, and is live again once the program is", async () => {
    const other = runMain(exampleOn("memory"), ["--port", "0"]);
    try {
      const { gateway: url, dashboard: link } = await other.started;
      const { page, wrong } = await openPage(browser, link);
      // What more instances would do to this is the first thing that one on memory offers.
      await region(page, "Comparison").getByText("See what two instances would do to this").waitFor();
      await press(page, "Pay once");
      await vi.waitFor(async () => expect(await counters(page)).toEqual([1, 1, 1, 1, 1]), 10_000);
      const stopped = other.exited;
      other.child.kill("SIGTERM");
      await page.getByRole("status").filter({ hasText: "Connection lost" }).waitFor();
      // The last state stays to be read.
      expect(await counters(page)).toEqual([1, 1, 1, 1, 1]);
      expect(await stopped).toEqual({ code: 0, signal: null });
      const failed = await entryAfter(page, "Burst until 429", () => button(page, "Burst until 429").click());
      expect(await failed.textContent()).toContain("did not answer");

      const again = runMain(exampleOn("memory"), ["--port", new URL(url).port]);
      try {
        const { dashboard: next } = await again.started;
        await live(page);
        await vi.waitFor(async () => expect(await counters(page)).toEqual([0, 0, 0, 0, 0]), 10_000);
        // The key was the other start's.
        expect(await button(page, "Pay once").isDisabled()).toBe(true);
        await page.goto(next);
        await vi.waitFor(async () => expect(await button(page, "Pay once").isEnabled()).toBe(true), 10_000);
        await press(page, "Pay once");
        await page.close();
      } finally {
        await again.dispose();
      }
      const noise = wrong.splice(0);
      expect(noise.filter((line) => !/Failed to load resource|ERR_(CONNECTION|INCOMPLETE)|403/.test(line))).toEqual([]);
    } finally {
      await other.dispose();
    }
  });
});
