// Verifications 11: the façade verifyOnce over the store under test.
import assert from "node:assert/strict";
import { isStoreError, type Lease, verifyOnce } from "@tollbooth-stores/core";
import { atOnce, failureOf } from "../assertions.ts";
import { desk, hour, leaseMs, type VerificationProperty } from "./checks.ts";
import { aborted, gate, over, reached, soon } from "./waiting.ts";

const payment = { payloadHash: "payload 1", fingerprint: "purchase 1" };

export const verifyOnceProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/11a",
    title: "verifyOnce: of a hundred callers one verifies, and all have its answer",
    async run(bench) {
      const namespace = bench.namespace();
      const store = await bench.open(namespace);
      let runs = 0;
      const { opened, open } = gate();
      const verify = async () => {
        runs += 1;
        await opened;
        return { ok: true } as const;
      };
      const warnings: string[] = [];
      const listen = (warning: Error) => warnings.push(warning.name);
      process.on("warning", listen);
      const callers = atOnce(100, () => verifyOnce(store, payment, verify));
      setTimeout(open, 5);
      const answers = await callers.finally(() => process.off("warning", listen));
      assert.deepEqual(warnings, [], "a hundred waiters are no leak");
      assert.equal(runs, 1);
      assert.ok(answers.every((answer) => answer.ok));
      assert.equal(answers.filter(({ ran }) => ran).length, 1);
      assert.deepEqual(await verifyOnce(store, payment, verify), { ok: true, ran: false }, "later, too");
      const other = await verifyOnce(store, { ...payment, fingerprint: "something else" }, verify);
      assert.equal(other.ok, false, "the same payload for something else");
      assert.equal(runs, 1);
      assert.deepEqual(await verifyOnce(store, { ...payment, payloadHash: "payload 2" }, verify), {
        ok: true,
        ran: true,
      });
    },
  },
  {
    id: "verifications/11b",
    title: "verifyOnce: one caller's abort does not cancel the rest",
    async run(bench) {
      const store = await bench.open();
      let runs = 0;
      const started = gate();
      const { opened, open } = gate();
      const verify = async () => {
        runs += 1;
        started.open();
        await opened;
        return { ok: true } as const;
      };
      const leaving = new AbortController();
      const first = verifyOnce(store, payment, verify, { signal: leaving.signal });
      await started.opened;
      const rest = atOnce(10, () => verifyOnce(store, payment, verify));
      const reason = new Error("the caller went away");
      leaving.abort(reason);
      assert.equal(await failureOf("an aborted call", () => first), reason);
      open();
      for (const answer of await rest) assert.deepEqual(answer, { ok: true, ran: false });
      assert.equal(runs, 1);
    },
  },
  {
    id: "verifications/11c",
    title: "verifyOnce: after a transient throw a waiter verifies itself",
    async run(bench) {
      const store = await bench.open();
      let runs = 0;
      const verify = async () => {
        runs += 1;
        await Promise.resolve();
        if (runs === 1) throw new Error("the facilitator hung up");
        return { ok: true } as const;
      };
      const answers = await Promise.allSettled(
        Array.from({ length: 5 }, () => verifyOnce(store, payment, verify, { waitMs: 1_000 })),
      );
      const failed = answers.filter(({ status }) => status === "rejected");
      assert.equal(failed.length, 1, "only the one who ran it sees the throw");
      assert.equal(runs, 2);
      const ran = answers.filter((answer) => answer.status === "fulfilled" && answer.value.ok && answer.value.ran);
      assert.equal(ran.length, 1);
    },
  },
  {
    id: "verifications/11d",
    title: "verifyOnce: a deterministic rejection is shared, and forgotten in time",
    async run(bench) {
      const at = await desk(bench);
      let runs = 0;
      const verify = async () => {
        runs += 1;
        return { ok: false, reason: "bad signature" } as const;
      };
      for (const { ran, ...answer } of await atOnce(20, () => verifyOnce(at.store, payment, verify))) {
        assert.deepEqual(answer, { ok: false, reason: "bad signature" });
        assert.equal(typeof ran, "boolean");
      }
      assert.equal(runs, 1);
      await at.advance(hour);
      await verifyOnce(at.store, payment, verify);
      assert.equal(runs, 2, "a mended cause must show");
    },
  },
  {
    id: "verifications/11e",
    title: "verifyOnce: losing the lease aborts the verification's signal",
    async run(bench) {
      const at = await desk(bench);
      const started = gate();
      let runs = 0;
      let lost = false;
      const answer = verifyOnce(
        at.store,
        payment,
        async ({ signal }) => {
          runs += 1;
          if (runs > 1) return { ok: true };
          started.open();
          await aborted(signal);
          lost = true;
          throw signal.reason;
        },
        // Long enough for a slow round trip; short, since a third of it really passes.
        { leaseMs: 450 },
      );
      await reached(started.opened, answer);
      // The lease ends by the store's clock; the next renewal, at a third of it in real time, finds out.
      await at.advance(451);
      const [settledAnswer] = await Promise.allSettled([soon(answer)]);
      assert.deepEqual(settledAnswer, { status: "fulfilled", value: { ok: true, ran: true } });
      assert.ok(lost, "the signal did not abort");
      assert.equal(runs, 2);
    },
  },
  {
    id: "verifications/11f",
    title: "wait() takes its time where nothing happens: its caller's loop is not busy",
    async run(bench) {
      const store = await bench.open();
      const startMs = performance.now();
      await store.wait("nobody touches this", { timeoutMs: 20 });
      assert.ok(performance.now() - startMs >= 15, "wait() came back at once: that would be a busy loop");
    },
  },
  {
    id: "verifications/11g",
    title: "verifyOnce: close() settles waiters",
    needs: ["instances"],
    async run(bench) {
      const namespace = bench.namespace();
      const owner = await desk(bench, namespace);
      const store = await bench.open(namespace);
      await owner.hold(`v:${payment.payloadHash}`, "owner", { fingerprint: payment.fingerprint, leaseMs });
      const waiter = failureOf("a waiter of a closed store", () =>
        verifyOnce(store, payment, () => assert.fail("verified twice")),
      );
      const wait = over(store.wait("any key", { timeoutMs: 30_000 }));
      await new Promise((resolve) => setTimeout(resolve, 10));
      await store.close();
      assert.ok(isStoreError(await soon(waiter), "STORE_CLOSED"));
      await soon(wait);
    },
  },
  {
    id: "verifications/11m",
    title: "wait() ends soon after another instance has completed, released or doubted the key",
    needs: ["instances"],
    async run(bench) {
      const namespace = bench.namespace();
      const { store, hold } = await desk(bench, namespace);
      const other = await bench.open(namespace);
      const result = { outcome: "accepted", value: "yes", retainUntilMs: 0 } as const;
      const ends = {
        completed: (key: string, lease: Lease) => store.complete(key, lease, result),
        released: (key: string, lease: Lease) => store.release(key, lease),
        doubted: (key: string, lease: Lease) => store.markUnknown(key, lease),
      };
      const waits = Object.entries(ends).map(async ([key, end]) => {
        const lease = await hold(key, "owner", { leaseMs });
        // Far longer than it may take.
        const waiting = other.wait(key, { timeoutMs: 30_000 });
        await new Promise((resolve) => setTimeout(resolve, 20));
        await end(key, lease);
        await soon(waiting);
      });
      await Promise.all(waits);
    },
  },
];
