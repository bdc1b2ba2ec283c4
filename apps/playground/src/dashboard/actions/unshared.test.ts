// The same actions where instances share nothing: what goes wrong is said, not glossed over.
import { expect, test } from "vitest";
import { dashboardFleet } from "../../testing/dashboard-fleet.ts";

const { fleet, done, stateWhere } = dashboardFleet("unshared");

test("a session is good on the instance that sold it only", async () => {
  const hopped = await done("hop");
  expect(hopped.ok).toBe(false);
  expect(hopped.outcome).toMatch(/^Bought on gateway-\d, but \d of 3 uses were not served\.$/);
});

test("a burst on a session meets instances that do not know it", async () => {
  const burst = await done("burst");
  expect(burst.ok).toBe(false);
  expect(burst.outcome).toMatch(/uses met an instance that did not know the session/);
});

test("a replayed payment is verified again by each process that has not seen it, and the page shows it", async () => {
  await done("pay");
  await done("replay");
  const { about, payments } = await stateWhere((state) => state.payments.verifies.most > 1);
  expect(about).toMatchObject({ provider: "memory", shared: false });
  expect(payments.verifies.most).toBe(2);
  expect(payments.transfers.most).toBe(1);
});

test("what a killed process held goes from the page; what others hold stays", async () => {
  const held = await stateWhere(({ allowances }) => new Set(allowances.map(({ instance }) => instance)).size === 2);
  expect(held.sessions.length).toBeGreaterThan(0);
  await done("kill", { instance: "gateway-1" });
  const left = await stateWhere(({ allowances }) => allowances.every(({ instance }) => instance !== "gateway-1"));
  expect(left.sessions.filter(({ instance }) => instance !== "gateway-2")).toEqual([]);
  expect(left.allowances.length).toBeGreaterThan(0);
});

test("a hop with one instance says that there is only one to hop to", async () => {
  await fleet().instances.scaleTo(1);
  await stateWhere(({ instances: [one, ...others] }) => one?.state === "ready" && others.length === 0);
  const hopped = await done("hop");
  expect(hopped.ok).toBe(true);
  expect(hopped.outcome).toMatch(
    /^There is only one instance to hop to; .*\. Bought on gateway-1, and good on gateway-1: 3 of 3 uses served\.$/,
  );
});
