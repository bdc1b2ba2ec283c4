// The same actions where instances share nothing: what goes wrong is said, not glossed over.
import { expect, test } from "vitest";
import { dashboardFleet } from "../../testing/dashboard-fleet.ts";

const { done, stateWhere } = dashboardFleet("unshared");

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

test("a replayed payment is verified again by whoever has not seen it, and the page shows it", async () => {
  await done("pay");
  await done("replay");
  const { about, payments } = await stateWhere((state) => state.payments.verifies.most > 1);
  expect(about).toMatchObject({ provider: "memory", shared: false });
  expect(payments.verifies.most).toBe(2);
  expect(payments.transfers.most).toBe(1);
});
