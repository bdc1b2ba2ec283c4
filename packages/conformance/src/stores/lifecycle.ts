// All stores, 3-4 and 8: closing, aborting, and keeping out of one another's way.
import assert from "node:assert/strict";
import { isStoreError } from "@tollbooth-stores/core";
import { answerOf, atOnce, failureOf, rejectsWith } from "../assertions.ts";
import { assertSameState, check, everyCall, furnish, type StoresProperty } from "./checks.ts";

export const lifecycleProperties: readonly StoresProperty[] = [
  {
    id: "all/3a",
    title: "closing twice is fine, and every call after it says STORE_CLOSED",
    async run(bench) {
      const stores = await bench.open();
      const furnished = await furnish(stores);
      await Promise.all([stores.close(), stores.close()]);
      await stores.close();
      await stores[Symbol.asyncDispose]();
      await stores.rateLimits.close();
      for (const [name, call] of Object.entries(everyCall(furnished))) await rejectsWith("STORE_CLOSED", name, call);
    },
  },
  {
    id: "all/3b",
    title: "closing one instance leaves another one working",
    needs: ["instances"],
    async run(bench) {
      const namespace = bench.namespace();
      const [leaving, staying] = [await bench.open(namespace), await bench.open(namespace)];
      const furnished = await furnish(leaving);
      await leaving.close();
      const { remaining } = await answerOf("the one that stays", () => staying.rateLimits.peek(check));
      assert.equal(remaining, 99);
      assert.equal((await staying.sessions.get(furnished.session.id))?.data, "session data");
      assert.equal((await staying.verifications.peek("payment-key")).status, "in-progress");
      await staying.ping();
    },
  },
  {
    id: "all/3c",
    title: "a borrowed client stays open",
    needs: ["borrowed"],
    async run(bench) {
      const { store: stores, clientWorks } = await bench.probe("borrowed")(bench.namespace());
      await furnish(await bench.keep(stores));
      await stores.close();
      assert.ok(await clientWorks(), "the store closed what it did not open");
    },
  },
  {
    id: "all/4a",
    title: "prefixes isolate",
    async run(bench) {
      const [here, elsewhere] = [await bench.open(), await bench.open()];
      const { session } = await furnish(here);
      assert.equal((await elsewhere.rateLimits.peek(check)).remaining, 100, "rate limits");
      assert.equal(await elsewhere.rateLimits.reset(check), false);
      assert.equal(await elsewhere.sessions.get(session.id), null, "sessions");
      assert.deepEqual(await elsewhere.sessions.deleteBySubject("subject-name"), { deleted: 0 });
      assert.deepEqual(await elsewhere.verifications.peek("payment-key"), { status: "absent" }, "verifications");
      const fresh = await furnish(elsewhere);
      await elsewhere.sessions.delete(fresh.session.id);
      assert.equal((await here.rateLimits.peek(check)).remaining, 99);
      assert.equal((await here.sessions.get(session.id))?.id, session.id);
    },
  },
  {
    id: "all/4b",
    title: "what one client writes every other one reads, under each version of the protocol",
    needs: ["peers"],
    async run(bench) {
      const namespace = bench.namespace();
      const here = await bench.open(namespace);
      const furnished = await furnish(here);
      for (const [name, open] of Object.entries(bench.probe("peers"))) {
        const there = await bench.keep(open(namespace));
        await assertSameState(here, there, furnished);
        assert.equal((await there.rateLimits.consume(check)).allowed, true, name);
        const { id } = furnished.session;
        await there.sessions.modify(id, () => ({ changedBy: name }));
        assert.equal((await there.sessions.debit(id, { quota: "calls", amount: 1n })).status, "ok", name);
        assert.deepEqual(await there.verifications.note("payment-key", furnished.lease, name), { status: "ok" }, name);
        await assertSameState(here, there, furnished);
      }
    },
  },
  {
    id: "all/8",
    title: "an aborted signal rejects with its reason at once and disturbs no other call",
    async run(bench) {
      const furnished = await furnish(await bench.open());
      const reason = new Error("the caller went away");
      for (const [name, call] of Object.entries(everyCall(furnished))) {
        assert.equal(await failureOf(name, () => call({ signal: AbortSignal.abort(reason) })), reason, name);
      }
      const { rateLimits } = furnished.stores;
      const leaving = new AbortController();
      const client = { ...check, client: "in one batch" };
      const calls = atOnce(20, (index) =>
        rateLimits.consume(client, index % 2 === 0 ? { signal: leaving.signal } : {}).catch((error: unknown) => error),
      );
      leaving.abort(reason);
      for (const [index, answer] of (await calls).entries()) {
        if (index % 2 === 0) assert.equal(answer, reason, "an aborted call");
        else assert.ok(!isStoreError(answer) && answer !== reason, "a call beside it");
      }
      const { remaining } = await rateLimits.peek(client);
      assert.ok(remaining <= 90 && remaining >= 80, "ten calls counted; of the others any that was already sent");
    },
  },
];
