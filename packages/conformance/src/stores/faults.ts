// All stores, 1-2 and 5-7: a backend that fails, and what its failures may show. Most need a real server.
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { isStoreError, operationChannel } from "@tollbooth-stores/core";
import { answerOf, everythingIn, failureOf } from "../assertions.ts";
import { check, everyCall, furnish, type StoresProperty } from "./checks.ts";

/** Timers fire late on a busy machine; a call's deadline is its own, the rest is the machine's. */
const timerMarginMs = 250;

export const faultProperties: readonly StoresProperty[] = [
  {
    id: "all/1a",
    title: "frozen or dead, a backend's every call rejects in time, and never answers null or false",
    needs: ["server"],
    async run(bench) {
      const server = bench.probe("server");
      const furnished = await furnish(await bench.open());
      const faults = { frozen: [server.freeze, server.thaw], dead: [server.stop, server.start] } as const;
      for (const [fault, [begin, end]] of Object.entries(faults)) {
        await begin();
        try {
          const failures = Object.entries(everyCall(furnished)).map(async ([name, call]) => {
            const startMs = performance.now();
            const answer = await call().then(
              () => assert.fail(`${name} answered while the backend was ${fault}`),
              (error: unknown) => error,
            );
            const tookMs = performance.now() - startMs;
            assert.ok(isStoreError(answer, "STORE_UNAVAILABLE"), `${name}, ${fault}: STORE_UNAVAILABLE`);
            assert.ok(tookMs <= server.commandTimeoutMs + timerMarginMs, `${name}, ${fault}: ${tookMs} ms`);
          });
          await Promise.all(failures);
        } finally {
          await end();
        }
      }
    },
  },
  {
    id: "all/1b",
    title: "nothing that was queued is sent later; what had been sent is reported as unknown, and counts at most once",
    needs: ["server"],
    async run(bench) {
      const server = bench.probe("server");
      const { rateLimits, ping } = await bench.open();
      const client = { ...check, client: "sent or not" };
      await rateLimits.consume(client);
      await server.freeze();
      const outcomes = new Map<string, number>();
      try {
        const calls = Array.from({ length: 30 }, () => rateLimits.consume(client));
        for (const settled of await Promise.allSettled(calls)) {
          assert.ok(settled.status === "rejected" && isStoreError(settled.reason, "STORE_UNAVAILABLE"));
          const { outcome } = settled.reason;
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        }
      } finally {
        await server.thaw();
      }
      await untilAlive(() => ping());
      const { remaining } = await rateLimits.peek(client);
      const counted = 99 - remaining;
      assert.ok(
        counted <= (outcomes.get("unknown") ?? 0),
        `${counted} counted, ${outcomes.get("unknown") ?? 0} said to be unknown`,
      );
    },
  },
  {
    id: "all/2a",
    title: "SCRIPT FLUSH in mid-run is invisible",
    needs: ["server"],
    async run(bench) {
      const server = bench.probe("server");
      const furnished = await furnish(await bench.open());
      const { stores } = furnished;
      let flushing = true;
      const flushes = (async () => {
        while (flushing) {
          await server.flushScripts();
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      })();
      const client = { ...check, client: "flushed" };
      try {
        for (let round = 0; round < 20; round += 1) {
          await Promise.all(
            Array.from({ length: 5 }, () => answerOf("consume", () => stores.rateLimits.consume(client))),
          );
        }
        for (const [name, call] of Object.entries(everyCall(furnished))) await answerOf(name, call);
      } finally {
        flushing = false;
        await flushes;
      }
      assert.equal((await stores.rateLimits.peek(client)).remaining, 0, "each of a hundred calls was counted once");
    },
  },
  {
    id: "all/2b",
    title: "no other error of the server is retried, unless it says that nothing ran and that its state passes",
    needs: ["server"],
    async run(bench) {
      const { rateLimits } = await bench.open();
      const client = { ...check, client: "refused once" };
      const words = ["BUSY", "OOM", "ERR"];
      for (const word of ["LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"]) {
        await bench.probe("server").answerOnce(`${word} said the server`);
        const answered = await rateLimits.consume({ ...client, client: word }).then(
          ({ remaining }) => remaining === 99,
          (error: unknown) => isStoreError(error, "STORE_UNAVAILABLE") && error.outcome === "not-applied",
        );
        assert.ok(answered, `${word}: counted once within the deadline, or refused and not applied`);
      }
      for (const word of words) {
        await bench.probe("server").answerOnce(`${word} said the server`);
        const error = await failureOf(word, () => rateLimits.consume(client));
        assert.ok(isStoreError(error), `${word}: a StoreError`);
        assert.equal((await rateLimits.consume(client)).allowed, true, `${word}: the call after it`);
      }
      assert.equal((await rateLimits.peek(client)).remaining, 100 - words.length, "something was sent twice");
    },
  },
  {
    id: "all/5",
    title: "resharding under load loses nothing, and no redirection reaches the caller",
    needs: ["cluster"],
    async run(bench) {
      const stores = await bench.open();
      const furnished = await furnish(stores);
      for (const [name, call] of Object.entries(everyCall(furnished))) await answerOf(name, call);
      const clients = Array.from({ length: 40 }, (_, index) => ({ ...check, client: `client ${index}` }));
      let moving = true;
      const moved = bench
        .probe("cluster")
        .reshard()
        .finally(() => {
          moving = false;
        });
      let rounds = 0;
      while (moving && rounds < 90) {
        await Promise.all(clients.map((client) => stores.rateLimits.consume(client)));
        rounds += 1;
      }
      await moved;
      for (const client of clients)
        assert.equal((await stores.rateLimits.peek(client)).remaining, 100 - rounds, "a count was lost");
    },
  },
  {
    id: "all/6",
    title: "records created together spread their physical expiry by at least 5 %, and end logically as one",
    needs: ["physicalTtls"],
    async run(bench) {
      const namespace = bench.namespace();
      const { sessions } = await bench.open(namespace);
      const ttlMs = 3_600_000;
      const made = await Promise.all(
        Array.from({ length: 1_000 }, () => sessions.create({ data: 1, idleTtlMs: ttlMs })),
      );
      const records = made.map(({ record }) => record);
      for (const { expiresAtMs, createdAtMs } of records)
        assert.equal(expiresAtMs - createdAtMs, ttlMs, "the logical expiry");
      const ttls = await bench.probe("physicalTtls")(namespace);
      const spreadMs =
        ttls.reduce((most, ttl) => Math.max(most, ttl), 0) -
        ttls.reduce((least, ttl) => Math.min(least, ttl), Infinity);
      assert.ok(spreadMs >= 0.05 * ttlMs, `a spread of ${spreadMs} ms`);
      assert.ok(
        ttls.every((ttl) => ttl >= ttlMs - 60_000),
        "no key ends before its record",
      );
    },
  },
  {
    id: "all/7a",
    title: "no error and no telemetry shows a client, a subject, an id, a key or a value",
    async run(bench) {
      const stores = await bench.open();
      const { session, lease } = await furnish(stores);
      const { rateLimits, sessions, verifications } = stores;
      const large = "large-secret ".repeat(bench.maxValueBytes);
      const failing: Record<string, () => Promise<unknown>> = {
        cost: () => rateLimits.consume({ ...check, client: "client-secret", route: "route-secret", cost: -1 }),
        receipt: () => rateLimits.refund({ ...check, client: "client-secret" }, "receipt-secret"),
        block: () => rateLimits.block({ ...check, client: "client-secret" }, -1),
        subject: () => sessions.create({ data: "data-secret", subject: "subject-secret", idleTtlMs: 0 }),
        large: () => sessions.update(session.id, large, { ifVersion: session.version }),
        extend: () => sessions.credit(session.id, { opId: "op-secret", extendMs: -1 }),
        amount: () => sessions.debit(session.id, { quota: "quota-secret", amount: 0n }),
        value: () =>
          verifications.complete("payment-key", lease, { outcome: "accepted", value: large, retainUntilMs: 0 }),
        illFormed: () => verifications.note("payment-key", lease, "evidence-secret\ud800"),
        retain: () =>
          verifications.claim("key-secret", {
            ...lease,
            fingerprint: "f-secret",
            leaseMs: 1,
            onLeaseExpiry: "retry",
            retainUntilMs: 2 ** 60,
          }),
      };
      const messages: unknown[] = [];
      const listen = (message: unknown) => messages.push(message);
      subscribe(operationChannel, listen);
      try {
        for (const [name, fail] of Object.entries(failing)) {
          const error = await fail().then(
            () => assert.fail(`${name} was accepted`),
            (failure: unknown) => failure,
          );
          const shown = everythingIn(error);
          for (const secret of ["-secret", session.id, session.id.slice(-43)])
            assert.ok(!shown.includes(secret), `${name}: an error gives it away`);
        }
      } finally {
        unsubscribe(operationChannel, listen);
      }
      const told = messages.map((message) => JSON.stringify(message)).join("\n");
      for (const secret of ["-secret", "client-identifier", session.id])
        assert.ok(!told.includes(secret), "telemetry gives it away");
    },
  },
  {
    id: "all/7b",
    title: "no error of the server's own shows an identifier, a value or a password",
    needs: ["server"],
    async run(bench) {
      const { provoke } = bench.probe("server");
      assert.ok(provoke !== undefined, "the server probe must be able to provoke errors");
      const provoked = await provoke();
      assert.ok(provoked.length >= 5, "ACL, wrong password, bad URL, OOM and wrong type at least");
      for (const { error, secrets } of provoked) {
        assert.ok(isStoreError(error), "every failure is a StoreError");
        const shown = everythingIn(error);
        for (const secret of secrets) assert.ok(!shown.includes(secret), `${error.code}: an error gives it away`);
      }
    },
  },
];

/** Asks until there is an answer: a server that was thawed may need a moment. Ends with the test's own time. */
async function untilAlive(ask: () => Promise<unknown>): Promise<void> {
  for (;;) {
    const alive = await ask().then(
      () => true,
      () => false,
    );
    if (alive) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
