// The dashboard on a real fleet: where it is, and what it shows after what was done.
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { dashboardFleet } from "../testing/dashboard-fleet.ts";
import type { DashboardState } from "./state.ts";

const { fleet, redis, done, key, logged, stateWhere } = dashboardFleet();

describe("what is where", () => {
  test("a browser gets the page at /, every other client the gateway's own answer", async () => {
    const page = await fetch(fleet().url, { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } });
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(page.headers.get("x-instance")).toBeNull();
    const listed = await fetch(fleet().url);
    expect(listed.headers.get("x-instance")).toMatch(/^gateway-/);
    expect(await listed.json()).toMatchObject({ health: ["/healthz", "/readyz"] });
    const posted = await fetch(fleet().url, { method: "POST", headers: { accept: "text/html" } });
    expect([posted.status, posted.headers.get("x-instance")]).toEqual([404, expect.stringMatching(/^gateway-/)]);
  });

  test.each(["/dashboard", "/dashboard/", "/dashboard/nothing.js", "/dashboard/actions/"])(
    "%s is not there",
    async (path) => {
      const response = await fetch(`${fleet().url}${path}`);
      expect(response.status).toBe(404);
      expect(await response.text()).toContain("the dashboard is at /");
    },
  );
});

describe("who is answered", () => {
  /** The status of a GET under any name. */
  async function statusOf(path: string, headers: Record<string, string>): Promise<number | undefined> {
    const [answer]: IncomingMessage[] = await once(get(`${fleet().url}${path}`, { agent: false, headers }), "response");
    answer?.destroy();
    return answer?.statusCode;
  }

  test.each([
    ["the page", "/", { accept: "text/html" }],
    ["the script", "/dashboard/main.js", {}],
    ["the events", "/dashboard/events", {}],
  ])("%s is for names that are known", async (_name, path, headers) => {
    expect(await statusOf(path, headers)).toBe(200);
    expect(await statusOf(path, { ...headers, host: "localhost" })).toBe(200);
    expect(await statusOf(path, { ...headers, host: "rebound.example" })).toBe(421);
    expect(await statusOf(path, { ...headers, host: "rebound.example", "x-dashboard-key": key() })).toBe(421);
  });

  test("what is sold is answered under every name", async () => {
    expect(await statusOf("/quote", { host: "any.example" })).toBe(402);
  });

  test("events are refused to foreign pages, and to a key that is not this start's", async () => {
    expect(await statusOf("/dashboard/events", { origin: "https://evil.example" })).toBe(403);
    expect(await statusOf("/dashboard/events", { "x-dashboard-key": "A".repeat(43) })).toBe(403);
  });

  test("however many readers there are, the operator gets the events", async () => {
    const open: IncomingMessage[] = [];
    let refused: number | undefined;
    while (refused === undefined && open.length < 100) {
      const [answer]: IncomingMessage[] = await once(
        get(`${fleet().url}/dashboard/events`, { agent: false }),
        "response",
      );
      if (answer !== undefined) open.push(answer.on("error", () => undefined));
      if (answer?.statusCode !== 200) refused = answer?.statusCode;
    }
    try {
      expect([open.length, refused]).toEqual([9, 503]);
      expect((await stateWhere(() => true)).about.url).toBe(fleet().url);
    } finally {
      for (const answer of open) answer.destroy();
    }
  });
});

describe("what is shown", () => {
  beforeAll(async () => {
    for (const action of ["pay", "replay", "burst", "hop"]) await done(action);
  }, 60_000);

  test("where state is kept, which instances run, and which requests went through each", async () => {
    // Gateways report a few times a second: what they did just now is on its way.
    const state = await stateWhere(({ stores }) => stores.operations > 10);
    expect(state.about).toMatchObject({ url: fleet().url, provider: "redis", shared: true, redisFound: true });
    expect(state.instances.map(({ name }) => name)).toEqual(["gateway-1", "gateway-2"]);
    const share = state.instances.reduce((sum, instance) => sum + instance.share, 0);
    expect(share).toBeCloseTo(1);
    expect(state.recent[0]).toMatchObject({ instance: expect.stringMatching(/^gateway-/) });
    expect(state.stores.p50Ms).toBeGreaterThan(0);
  });

  test("the payments are those of the logs", async () => {
    const transfers = logged("ledger", "transfer");
    const runs = logged("upstream", "run");
    const { payments } = await stateWhere(
      (state) =>
        state.payments.transfers.total === transfers && state.payments.runs.total + state.payments.sessionRuns === runs,
    );
    expect(payments).toMatchObject({
      payments: transfers,
      verifies: { total: logged("facilitator", "verify"), most: 1 },
      settles: { total: transfers, most: 1 },
      transfers: { total: transfers, most: 1 },
      sessionsBought: 2,
    });
  });

  test("allowances and sessions, and no payer, token or payment in them", async () => {
    const state = await stateWhere(({ sessions }) => sessions.length === 2);
    expect(state.sessions[0]).toMatchObject({ route: "GET /stream", payer: expect.stringMatching(/^0x\w{4}…\w{4}$/) });
    expect(state.allowances.find(({ denied }) => denied > 0)).toMatchObject({
      scope: "GET /stream",
      limit: 6,
      remaining: 0,
    });
    expect(state.actions).toMatchObject({ canReplay: true, running: [] });
    expect(state.actions.latest.map(({ name }) => name)).toContain("hop");
    expect(JSON.stringify(state)).not.toMatch(/0x[0-9a-fA-F]{40}|[\w-]{43}|eyJ/);
  });

  test("clients' addresses, whole to the operator and shortened to readers", async () => {
    const ofAddress = ({ allowances }: DashboardState) => allowances.filter(({ scope }) => scope === "all routes");
    const whole = await stateWhere((state) => ofAddress(state).length > 0);
    expect(ofAddress(whole).map(({ client }) => client)).toEqual(["127.0.0.1"]);
    const short = await stateWhere((state) => ofAddress(state).length > 0, {});
    expect(ofAddress(short).map(({ client }) => client)).toEqual(["127.0.…"]);
    expect(JSON.stringify(short)).not.toContain(key());
  });

  test("a store that fails is told by its code, and by every instance that has asked it in vain until it answers", async () => {
    await redis().kill("SIGKILL");
    try {
      const [paid, replayed, burst] = [await done("pay"), await done("replay"), await done("burst")];
      expect([paid, replayed, burst].map(({ ok }) => ok)).toEqual([false, false, false]);
      expect(replayed.outcome).toBe("No answer: the stores are away. Nothing was charged again.");
      expect(burst.outcome).toMatch(/^Not paid: asked for the price, the gateway answered 503: the stores are away\./);
      const { stores } = await stateWhere(({ instances }) => instances.every(({ storesAway }) => storesAway));
      expect(stores.errors).toMatchObject({ STORE_UNAVAILABLE: expect.any(Number) });
    } finally {
      await redis().restart();
    }
    // Each instance says so itself, as soon as it has been asked for something again.
    const awayAfterAsking = async () => {
      await fetch(`${fleet().url}/quote`);
      const { instances } = await stateWhere(() => true);
      return instances.filter(({ storesAway }) => storesAway);
    };
    await vi.waitFor(async () => expect(await awayAfterAsking()).toEqual([]), { timeout: 20_000, interval: 100 });
  });
});
