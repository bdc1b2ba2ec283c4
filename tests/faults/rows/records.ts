// Faults of what the server holds or when it runs a call: lost with a restart, refused for memory, run late, or by wrong clocks.
import { setTimeout as sleep } from "node:timers/promises";
import { startNetProxy, startRedis } from "@tollbooth-stores/redis-testkit";
import { stopped } from "../run/instances.ts";
import { isSingle, topologies } from "../worlds/world.ts";
import { answerTo, refusal, told } from "./findings.ts";
import { inRounds, LEASE_MS, paidOnce, payUntilEnded, stopAt } from "./rounds.ts";
import type { Row } from "./row.ts";

const retained = () => ({ token: "first", fingerprint: "f", retainUntilMs: Date.now() + 600_000 });

export const records: readonly Row[] = [
  inRounds(
    {
      name: "scripts-flushed",
      title: "SCRIPT FLUSH right before a call",
      ...{ faults: [13], on: ["single", "cluster"], rounds: [100, 5] },
    },
    async ({ id, owner, world, findings }) => {
      for (const server of world.servers()) await server.command("SCRIPT", "FLUSH", "SYNC");
      const check = { route: "r", client: id, policy: { algorithm: "fixed-window", limit: 5, windowMs: 600_000 } };
      const ended = await owner.jobs.call("rateLimits", "consume", check);
      findings.same("value" in ended ? ended.value : ended, { allowed: true, remaining: 4 }, `${id}: consume`);
      return "flushed";
    },
  ),
  inRounds(
    {
      name: "restarted-empty",
      title: "SIGKILL of a server that keeps nothing; the ledger's nonce holds the line",
      ...{ faults: [10], on: ["single"], rounds: [3, 1] },
    },
    async (round) => {
      const { id, owner, findings, name } = round;
      const redis = await startRedis();
      const proxy = await startNetProxy(redis);
      try {
        const instance = await round.start(owner.client);
        await instance.jobs.open({ connection: { host: proxy.host, port: proxy.port }, keyPrefix: name });
        const payment = { id, leaseMs: LEASE_MS, ledgerMovesOnce: true };
        await answerTo(instance, "verifications", "markOnce", id, retained());
        const settling = stopAt(round, id, "moved");
        const paying = instance.jobs.pay({ ...payment, stops: ["moved"] });
        await settling.reached;
        await redis.restart();
        settling.go();
        await paying;
        const again = await answerTo(instance, "verifications", "markOnce", id, { ...retained(), token: "second" });
        findings.same(again, { status: "marked" }, `${id}: the marker is gone`);
        paidOnce(round, await payUntilEnded(instance, payment));
        const turns = await instance.jobs.turns();
        findings.check(
          turns.some(({ event }) => event === "server-changed"),
          `${id}: the changed server was not reported`,
        );
        await instance.end();
        return `marker gone, process ${redis.pid}`;
      } finally {
        await proxy.close();
        await redis.stop();
      }
    },
  ),
  inRounds(
    {
      name: "full-calls",
      title: "maxmemory reached: new work is refused, a finished settlement is recorded",
      ...{ faults: [14], on: ["single"], rounds: [10, 2] },
    },
    async (round) => {
      const { id, owner, world, findings, random } = round;
      const server = await world.somePrimary(random);
      const stop = stopAt(round, id, "moved");
      const paying = owner.jobs.pay({ id, leaseMs: 2_000, stops: ["moved"] });
      await stop.reached;
      await server.command("CONFIG", "SET", "maxmemory", "1");
      const refused = await server.command("SET", "x", "x").then(String, String);
      const created = await owner.jobs.call("sessions", "create", { data: {}, idleTtlMs: 60_000 });
      refusal(findings, created, `${id}: create`);
      findings.same(created, { outcome: "not-applied" }, `${id}: create`);
      const claim = { ...retained(), leaseMs: 5_000, onLeaseExpiry: "retry" };
      refusal(findings, await owner.jobs.call("verifications", "claim", `${id} new`, claim), `${id}: claim`);
      stop.go();
      paidOnce(round, await paying);
      await server.command("CONFIG", "SET", "maxmemory", "0");
      return refused.includes("OOM") ? refused : "";
    },
  ),
  inRounds(
    {
      name: "nothing-sent-late",
      title: "SIGSTOP of the server: what was refused as not sent is never sent",
      ...{ faults: [17], on: ["single", "tls"], rounds: [2, 1] },
    },
    async ({ id, owner, world, findings, random, name }) => {
      if (!isSingle(world)) throw new Error("This needs one server.");
      const server = await world.somePrimary(random);
      // Past the proxy, which would take all that is sent.
      const { host, port } = server;
      const { connection } = world;
      if (connection.host === undefined) throw new Error("This needs one server.");
      await owner.jobs.open({ connection: { ...connection, host, port }, keyPrefix: name });
      await server.kill("SIGSTOP");
      await stopped(server.pid);
      const ids = Array.from({ length: 200 }, (_, index) => `${id}:${index}`);
      const data = "x".repeat(60_000);
      const ended = await Promise.all(
        ids.map((one) => owner.jobs.call("sessions", "create", { id: one, data, idleTtlMs: 600_000 })),
      );
      for (const one of ended) refusal(findings, one, `${id}: create at a stopped server`);
      await server.kill("SIGCONT");
      await sleep(1_000);
      let [unsent, late] = [0, 0];
      for (const [index, one] of ended.entries()) {
        if (!("outcome" in one) || one.outcome !== "not-applied") continue;
        unsent += 1;
        if ((await answerTo(owner, "sessions", "get", ids[index])) !== null) late += 1;
      }
      findings.check(late === 0, `${id}: ${late} of ${unsent} creates that were not sent exist`);
      return unsent > 0 ? `${unsent} creates not sent, ${ended.length - unsent} unknown` : "";
    },
  ),
  inRounds(
    {
      name: "clocks",
      title: "the clocks of two instances are 10 minutes off, either way",
      ...{ faults: [16], on: ["single"], rounds: [3, 1] },
    },
    async (round) => {
      const { id, owner, other, findings, name, world } = round;
      const [early, right] = [await round.start(owner.client), await round.start(other.client)];
      await early.jobs.skewClock(-600_000);
      await owner.jobs.open({ connection: world.connection, keyPrefix: name });
      const late = await round.start(owner.client);
      await late.jobs.skewClock(600_000);
      const turns = [early, late, right];
      const check = { route: "r", client: id, policy: { algorithm: "sliding-window", limit: 4, windowMs: 300_000 } };
      const decisions = [];
      for (let index = 0; index < 6; index += 1) {
        decisions.push(await answerTo(turns[index % turns.length] ?? right, "rateLimits", "consume", check));
      }
      const allowed = decisions.map((decision) => told(decision).includes('"allowed":true'));
      findings.check(allowed.join() === "true,true,true,true,false,false", `${id}: decisions ${allowed.join()}`);
      await answerTo(early, "sessions", "create", { id, data: {}, idleTtlMs: 300_000 });
      for (const one of turns)
        findings.check((await answerTo(one, "sessions", "get", id)) !== null, `${id}: a live session is missing`);
      const claim = (token: string) => ({
        token,
        fingerprint: "f",
        leaseMs: 60_000,
        onLeaseExpiry: "retry",
        retainUntilMs: 0,
      });
      findings.same(
        await answerTo(late, "verifications", "claim", id, claim("a")),
        { status: "claimed" },
        `${id}: claim`,
      );
      for (const one of [early, right]) {
        findings.same(
          await answerTo(one, "verifications", "claim", id, claim("b")),
          { status: "in-progress" },
          `${id}: another's claim`,
        );
      }
      const validUntilMs = Date.now() + 60_000;
      const paid = await Promise.all(
        turns.map((one) => payUntilEnded(one, { id: `${id}:p`, leaseMs: LEASE_MS, validUntilMs })),
      );
      for (const ended of paid) paidOnce({ ...round, id: `${id}:p` }, ended);
      await Promise.all(turns.map((one) => one.end()));
      return `decisions ${allowed.join()}`;
    },
  ),
  inRounds(
    {
      name: "terminated",
      title: "SIGTERM to an instance under load (rolling deploy)",
      ...{ faults: [24], on: topologies, rounds: [2, 1] },
    },
    async (round) => {
      const { id, owner, other, findings } = round;
      const leaver = await round.start(owner.client);
      const ids = Array.from({ length: 20 }, (_, index) => `${id}:${index}`);
      for (const one of ids) round.ledger.slow(one, 200);
      const paying = Promise.all(ids.map((one) => leaver.jobs.pay({ id: one, leaseMs: 2_000 })));
      await sleep(100);
      leaver.terminate();
      const ended = await paying;
      const how = await leaver.ended;
      findings.check(how === "ended by exit code 0", `${id}: ${how}`);
      for (const [index, one] of ids.entries()) {
        findings.same(ended[index], { status: "fresh" }, `${one} in flight`);
        paidOnce({ ...round, id: one }, await payUntilEnded(other, { id: one, leaseMs: LEASE_MS }));
      }
      return how;
    },
  ),
];
