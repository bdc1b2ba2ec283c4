// A joined signal aborts with the first of its signals, and holds on to none once it is let go.
import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { joinSignals } from "./joined-signal.ts";

it("aborts with the reason of the first that aborts, also where one was aborted before", () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const joined = joinSignals([one.signal, other.signal]);
  expect(joined.signal.aborted).toBe(false);
  other.abort("other");
  one.abort("one");
  expect(joined.signal.reason).toBe("other");
  expect(joinSignals([one.signal, other.signal]).signal.reason).toBe("one");
});

it("aborts by itself, and with none once it is let go", () => {
  const one = new AbortController();
  const joined = joinSignals([one.signal]);
  joined.letGo();
  expect(getEventListeners(one.signal, "abort")).toEqual([]);
  one.abort();
  expect(joined.signal.aborted).toBe(false);
  joined.abort("own");
  expect(joined.signal.reason).toBe("own");
});
