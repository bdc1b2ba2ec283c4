// What the dashboard says of payments and instances, read from the page's own words.
import type { Locator, Page } from "playwright-core";
import { region } from "./browser.ts";

/** The counters' names, in their order. */
const steps = ["Payments", "Verified", "Handler runs", "Settled", "Transfers"] as const;

/** The numbers of the row of counters; a handler run and the session that stands for one count alike. */
export async function counters(page: Page): Promise<number[]> {
  const items = await region(page, "Payments").getByRole("listitem").allTextContents();
  return steps.map((step) => {
    const text = items.find((item) => item.includes(step)) ?? "";
    const [, count = "", sessions = "0"] =
      /([\d\u2009]+)(?:\s*\+\s*([\d\u2009]+))?/.exec(text.slice(text.indexOf(step))) ?? [];
    return [count, sessions].reduce((sum, digits) => sum + Number(digits.replaceAll("\u2009", "")), 0);
  });
}

/** An instance's card, by its name. */
export const card = (page: Page, name: string): Locator =>
  region(page, "Instances")
    .getByRole("listitem")
    .filter({ has: page.getByRole("heading", { name, exact: true }) });

/** What the page says of an instance: its state and its process. */
export async function shownOf(page: Page, name: string): Promise<{ state: string; pid: string }> {
  const text = (await card(page, name).textContent()) ?? "";
  const state = /(starting|ready|draining|down)/.exec(text)?.[1] ?? "";
  return { state, pid: /pid\s*(\d+|—)/.exec(text)?.[1] ?? "" };
}
