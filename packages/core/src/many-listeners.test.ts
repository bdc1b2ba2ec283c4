// A signal takes any number of listeners once it was shared, on every Node; its owner's own limit stays.
import { defaultMaxListeners, getEventListeners, setMaxListeners } from "node:events";
import { expect, it } from "vitest";
import { allowListeners } from "./many-listeners.ts";

/** What Node says of `count` listeners on the signal. */
async function warningsOf(signal: AbortSignal, count: number): Promise<string[]> {
  const warnings: string[] = [];
  const hear = ({ name }: Error) => warnings.push(name);
  process.on("warning", hear);
  for (let index = 0; index < count; index += 1) signal.addEventListener("abort", () => index);
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", hear);
  return warnings;
}

it.each([undefined, 0, 40])("may be said of a signal again and again, whose limit is %s", async (limit) => {
  const { signal } = new AbortController();
  if (limit !== undefined) setMaxListeners(limit, signal);
  for (let times = 0; times < 3; times += 1) expect(() => allowListeners(signal)).not.toThrow();
  expect(await warningsOf(signal, defaultMaxListeners + 5)).toEqual([]);
  expect(getEventListeners(signal, "abort")).toHaveLength(defaultMaxListeners + 5);
  expect(await warningsOf(signal, 30)).toEqual(limit === 40 ? ["MaxListenersExceededWarning"] : []);
});

it("needs no signal", () => {
  expect(() => allowListeners(undefined)).not.toThrow();
});
