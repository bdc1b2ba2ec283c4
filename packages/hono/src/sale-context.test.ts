// What a sale forbids to sessions, and where: in what its handlers answer, and in nothing else that they call or once began.
import { AsyncResource } from "node:async_hooks";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { Hono } from "hono";
import { describe, expect, test } from "vitest";
import { asker, bothWays } from "./both-ways.test-support.ts";
import { paid } from "./paid.ts";
import { session } from "./session.ts";

/** An application that changes sessions, a POST for each way, and the store behind it. */
function changer() {
  const { sessions } = createMemoryStores<object>();
  const app = new Hono().onError((error, c) => c.text(error.message, 500));
  app.post("/open", session({ sessions, required: false }), async (c) => {
    await c.var.session.open({ data: {}, idleTtlMs: 60_000 });
    return c.text("changed");
  });
  app.post("/rotate", session({ sessions }), async (c) => c.text((await c.var.session.rotate()) ? "changed" : "gone"));
  app.post("/logout", session({ sessions }), async (c) => {
    await c.var.session.logout();
    return c.text("changed");
  });
  const opened = async () => {
    const { record } = await sessions.create({ data: {}, idleTtlMs: 60_000 });
    return { record, cookie: `__Host-session=${record.id}` };
  };
  /** As its handlers call it: in process, with a request of their own. */
  const change = async (how: string) => {
    const { cookie } = await opened();
    return (await app.request(how, { method: "POST", headers: how === "/open" ? {} : { cookie } })).text();
  };
  return { app, sessions, opened, change };
}

const pay = { headers: { payment: "one" } };
const ways = ["/open", "/rotate", "/logout"];

describe.each(bothWays)("by %s", (way) => {
  test.each(ways)(
    "a paid handler may call another application in process that changes a session by %s",
    async (how) => {
      const { change } = changer();
      const app = new Hono().get("/sold", paid(fakeGate()), async (c) => c.text(await change(how)));
      expect(await (await (await asker(app, way))("/sold", pay)).text()).toBe("changed");
    },
  );

  test.each(ways)(
    "what a paid handler once began may change a session by %s, for itself and other clients",
    async (how) => {
      const { app: other, change, opened } = changer();
      let worker: AsyncResource | undefined;
      const app = new Hono().mount("/mounted", other.fetch);
      app.get("/sold", paid(fakeGate()), (c) => {
        worker = new AsyncResource("worker");
        return c.text("made");
      });
      await (await asker(app, way))("/sold", pay);
      expect(await worker?.runInAsyncScope(change, undefined, how)).toBe("changed");
      const { cookie } = await opened();
      const init = { method: "POST", headers: how === "/open" ? {} : { cookie } };
      const answer = await worker?.runInAsyncScope(() => app.request(`/mounted${how}`, init));
      expect(await answer?.text()).toBe("changed");
    },
  );

  test("a handler under app.mount that is late changes no session", async () => {
    const { app: other, sessions, opened } = changer();
    const { record, cookie } = await opened();
    let tell: (text: Promise<string>) => void = () => undefined;
    const told = new Promise<string>((resolve) => {
      tell = resolve;
    });
    let goOn: () => void = () => undefined;
    const over = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    // The gate gives up, and does not wait for the handlers.
    const app = new Hono();
    app.use(
      paid({
        async handle(_context, _body, serve) {
          serve({ key: "one", signal: new AbortController().signal, fence: "1" }).catch(() => undefined);
          return { status: 504, headers: {}, body: new Uint8Array() };
        },
      }),
    );
    app.mount("/sold", async (request) => {
      await over;
      const answer = await other.fetch(request);
      tell(answer.clone().text());
      return answer;
    });
    const ask = await asker(app, way);
    expect((await ask("/sold/rotate", { method: "POST", headers: { cookie, range: "bytes=0-2" } })).status).toBe(504);
    goOn();
    expect(await told).toContain("cannot change the session");
    expect(await sessions.get(record.id)).not.toBeNull();
  });
});
