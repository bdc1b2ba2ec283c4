// The dashboard's actions on a real fleet: who may not, what may not, and what each one does.
import { request } from "node:http";
import { describe, expect, test } from "vitest";
import { dashboardFleet } from "../../testing/dashboard-fleet.ts";
import type { ActionResult } from "../state.ts";

const { fleet, key, act, done, logged, stateWhere } = dashboardFleet();
const json = { "content-type": "application/json" };

const messageOf = async (response: Response): Promise<string> => Object(await response.json()).message;
const statuses = ({ answers }: ActionResult) => answers.map(({ status }) => status);

describe("an action is refused", () => {
  test.each([
    ["with a key of another start", { "x-dashboard-key": "A".repeat(43) }, /need the key of this start/],
    ["with an empty key", { "x-dashboard-key": "" }, /need the key of this start/],
    ["from a foreign page, though with the key", { origin: "https://evil.example" }, /own page only/],
  ])("%s", async (_name, headers, message) => {
    const before = logged("facilitator", "verify");
    const response = await act("pay", {}, headers);
    expect(response.status).toBe(403);
    expect(await messageOf(response)).toMatch(message);
    expect(logged("facilitator", "verify")).toBe(before);
  });

  test("without the key, however near it comes from: a proxy on this machine forwards no address either", async () => {
    const [{ pid } = { pid: 0 }] = fleet().instances.list();
    const page = await fetch(fleet().url, { headers: { accept: "text/html" } });
    expect(page.status).toBe(200);
    expect(await page.text()).not.toContain(key());
    for (const [name, body] of [
      ["pay", "{}"],
      ["kill", '{"instance":"gateway-1"}'],
    ] as const) {
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${fleet().url}/dashboard/actions/${name}`, { method: "POST", headers, body });
      expect(response.status).toBe(403);
    }
    expect(fleet().instances.list()[0]).toMatchObject({ pid, state: "ready", restarts: 0 });
  });

  test("under a name that is not ours, though with the key", async () => {
    const headers = { host: "rebound.example", "x-dashboard-key": key(), "content-length": "2" };
    const status = await new Promise((resolve, reject) => {
      const sent = request(`${fleet().url}/dashboard/actions/pay`, { method: "POST", headers }, (response) =>
        resolve(response.resume().statusCode),
      );
      sent.once("error", reject).end("{}");
    });
    expect(status).toBe(421);
  });

  test.each([
    ["an unknown one", "explode", {}, 404, /no such action/],
    ["a field too many", "pay", { amount: 5 }, 400, /not what this action takes/],
    ["no instance", "kill", {}, 400, /not what this action takes/],
    ["an instance that is none", "kill", { instance: "../../etc" }, 400, /not what this action takes/],
    ["an instance that is not there", "kill", { instance: "gateway-99" }, 409, /no such instance/],
    ["a restart of one that is not there", "restart", { instance: "gateway-99" }, 409, /no such instance/],
    ["an order that is none", "compare", { order: "pause" }, 400, /not what this action takes/],
    ["a comparison that is not running", "compare", { order: "stop" }, 409, /No comparison is running/],
    ["too large a body", "pay", { padding: "x".repeat(2_000) }, 413, /at most 1024 bytes/],
  ])("with %s", async (_name, action, body, status, message) => {
    const response = await act(action, body);
    expect(response.status).toBe(status);
    expect(await messageOf(response)).toMatch(message);
  });

  test("by any other method, or with a body that is no JSON", async () => {
    const url = `${fleet().url}/dashboard/actions/pay`;
    const headers = { "x-dashboard-key": key() };
    expect((await fetch(url, { headers })).status).toBe(405);
    expect((await fetch(url, { method: "POST", headers, body: "pay!" })).status).toBe(400);
  });

  test("while there is nothing to replay", async () => {
    const response = await act("replay");
    expect([response.status, await messageOf(response)]).toEqual([409, "Nothing has been paid yet; pay once first."]);
  });
});

describe("actions", () => {
  test("are taken through a proxy too, with the key", async () => {
    expect((await act("hop", {}, { "x-forwarded-for": "203.0.113.7" })).status).toBe(200);
  });

  test("pay: 402, then 200; the curl commands do what they say", async () => {
    const before = logged("ledger", "transfer");
    const paid = await done("pay");
    expect(statuses(paid)).toEqual([402, 200]);
    expect(paid).toMatchObject({ name: "pay", title: "Pay once", ok: true });
    expect(logged("ledger", "transfer")).toBe(before + 1);
    const [unpaid = "", paying = ""] = paid.curl;
    expect(unpaid).toBe(`curl -i ${fleet().url}/quote`);
    const payment = /-H 'PAYMENT-SIGNATURE: ([^']+)'$/.exec(paying)?.[1] ?? "";
    expect(paying.startsWith(`curl -i ${fleet().url}/quote -H `)).toBe(true);
    const again = await fetch(`${fleet().url}/quote`, { headers: { "payment-signature": payment } });
    expect(again.status).toBe(409);
  });

  test("replay: the last payment to every instance, refused by each, nothing transferred", async () => {
    const before = logged("ledger", "transfer");
    const replayed = await done("replay");
    expect(statuses(replayed)).toEqual([409, 409]);
    expect(new Set(replayed.answers.map(({ instance }) => instance)).size).toBe(2);
    expect(replayed).toMatchObject({ ok: true, outcome: "Refused 2 of 2 times. Nothing was served or charged again." });
    expect(logged("ledger", "transfer")).toBe(before);
  });

  test("replay of a payment whose answer was lost: served once, not charged again", async () => {
    const before = logged("ledger", "transfer");
    const fault = { on: "settle", fail: "after", times: 1 };
    await fetch(`${fleet().ledger.url}/admin/faults`, { method: "POST", headers: json, body: JSON.stringify(fault) });
    const lost = await done("pay");
    expect(statuses(lost)).toEqual([402, 503]);
    expect(lost).toMatchObject({ ok: false, outcome: expect.stringMatching(/^Not known yet whether it was paid/) });
    const replayed = await done("replay");
    expect(statuses(replayed).filter((status) => status === 200)).toHaveLength(1);
    expect(replayed).toMatchObject({ ok: true, outcome: expect.stringMatching(/^Served once/) });
    expect(statuses(await done("replay"))).toEqual([409, 409]);
    expect(logged("ledger", "transfer")).toBe(before + 1);
  });

  test("burst: the limit holds over both instances together", async () => {
    const burst = await done("burst");
    const counts = (status: number) => statuses(burst).filter((one) => one === status).length;
    expect([counts(201), counts(200)]).toEqual([1, 6]);
    expect(counts(429)).toBeGreaterThan(0);
    expect(burst.answers.length).toBeLessThanOrEqual(50);
    expect(burst).toMatchObject({ title: "Burst until 429", ok: true });
    expect(burst.outcome).toMatch(/^6 admitted, \d+ refused with 429/);
  });

  test("hop: a session bought on one instance is good on both", async () => {
    const hopped = await done("hop");
    expect(statuses(hopped)).toEqual([402, 201, 200, 200, 200]);
    const uses = hopped.answers.slice(2).map(({ instance }) => instance);
    expect(new Set(uses)).toEqual(new Set(["gateway-1", "gateway-2"]));
    expect(hopped.outcome).toContain("good on gateway-1, gateway-2: 3 of 3 uses served.");
    expect(hopped.curl.at(-1)).toMatch(/-H 'authorization: Bearer [\w-]{43}'$/);
  });

  test("one of a kind at a time", async () => {
    await fetch(`${fleet().upstream.url}/admin/behaviour`, { method: "PUT", headers: json, body: '{"delayMs":500}' });
    try {
      const both = await Promise.all([act("pay"), act("pay")]);
      expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
      const [refused] = both.filter(({ status }) => status === 409);
      expect(refused && (await messageOf(refused))).toBe("This is being done already; wait until it is over.");
    } finally {
      await fetch(`${fleet().upstream.url}/admin/behaviour`, { method: "PUT", headers: json, body: "{}" });
    }
  });

  test("restart: another process under the same name, and its own request as the command", async () => {
    const pidOf = () =>
      fleet()
        .instances.list()
        .find(({ name }) => name === "gateway-1")?.pid;
    const before = pidOf();
    const restarted = await done("restart", { instance: "gateway-1" });
    expect(restarted).toMatchObject({ title: "Restart gateway-1", ok: true, answers: [] });
    expect(pidOf()).not.toBe(before);
    expect(restarted.curl).toEqual([
      expect.stringMatching(/^curl -i -X POST \S+\/dashboard\/actions\/restart -H .* -d '\{"instance":"gateway-1"\}'$/),
    ]);
  });

  test("kill: the process is gone at once, and the instance comes back by itself", async () => {
    const { pid } = (await stateWhere(({ instances }) => instances.every(({ state }) => state === "ready")))
      .instances[1] ?? { pid: 0 };
    const killed = await done("kill", { instance: "gateway-2" });
    expect(killed.outcome).toContain(`Process ${pid} was killed with SIGKILL`);
    await stateWhere(({ instances }) => instances[1]?.state === "down");
    const { instances } = await stateWhere(({ instances: [, two] }) => two?.state === "ready" && two.pid !== pid);
    expect(instances[1]?.restarts).toBe(1);
  });
});
