// Faults that only a Sentinel setup has: a sentinel is silent, or the primary is cut off from its replicas and sentinels.
import { type RunningRedis, redisCommand, until } from "@tollbooth-stores/redis-testkit";
import { APP } from "../worlds/start-world.ts";
import { isSentinel, type SentinelWorld, type World } from "../worlds/world.ts";
import { answerTo, openFindings } from "./findings.ts";
import type { Outcome, Row, Stage } from "./row.ts";

function sentinelOf(world: World): SentinelWorld {
  if (isSentinel(world)) return world;
  throw new Error("This needs sentinels.");
}

const asApp = ({ host, port }: RunningRedis, ...words: string[]) =>
  redisCommand({ host, port, url: "", ...APP }, ...words);

/** Replicas and sentinels can no longer log in to the primary; the instances, another user, can. */
async function isolate(primary: RunningRedis): Promise<void> {
  await asApp(primary, "ACL", "SETUSER", "default", "off");
  await asApp(primary, "CLIENT", "KILL", "USER", "default");
  await asApp(primary, "CLIENT", "KILL", "TYPE", "replica");
}

async function rejoin(world: SentinelWorld, former: RunningRedis): Promise<void> {
  await asApp(former, "ACL", "SETUSER", "default", "on");
  await world.settled();
}

const MOST_LAG_S = 1;

export const sentinels: readonly Row[] = [
  {
    name: "first-sentinel-silent",
    title: "the first of the sentinels is silent, and connections are cut",
    ...{ faults: [25], on: ["sentinel"] },
    fault: {
      loss: "silent",
      async strike(stage) {
        const [first] = sentinelOf(stage.world).sentinels;
        if (first?.proxy === undefined) throw new Error("There is no proxy.");
        const { proxy } = first;
        const before = proxy.accepted();
        const open = proxy.open();
        proxy.silence({ established: true });
        for (const server of stage.world.proxies()) server.cut("rst");
        const mend = async () => {
          proxy.freeze();
          proxy.speak();
        };
        if (open + proxy.accepted() - before === 0) throw new Error("The first sentinel was not asked.");
        return { proof: `${open} connections to the first sentinel silent`, backAtMs: Date.now(), mend };
      },
    },
  },
  {
    name: "primary-isolated",
    title: "a primary without its replicas and sentinels refuses writes (min-replicas), another is promoted",
    ...{ faults: [12], on: ["sentinel"] },
    fault: {
      ...{ loss: "failover", mayLose: true },
      async strike(stage) {
        const world = sentinelOf(stage.world);
        for (const server of world.servers()) {
          await server.command(
            "CONFIG",
            "SET",
            "min-replicas-to-write",
            "1",
            "min-replicas-max-lag",
            String(MOST_LAG_S),
          );
        }
        const former = await world.primary();
        await isolate(former);
        let answer = "";
        await until(async () => {
          answer = await asApp(former, "SET", "probe", "x", "PX", "1").then(String, String);
          return answer.includes("NOREPLICAS");
        });
        const next = await world.group.nextPrimary(former);
        const mend = async () => {
          await rejoin(world, former);
          for (const server of world.servers()) {
            await server.command("CONFIG", "SET", "min-replicas-to-write", "0");
            // The failover had it written into the server's file, from which a later row starts it again.
            await server.command("CONFIG", "REWRITE");
          }
        };
        return { proof: `${answer.slice(0, 25)}, ${former.port} -> ${next.port}`, backAtMs: Date.now(), mend };
      },
    },
  },
  {
    name: "marker-unreplicated",
    title: "a failover loses what was acknowledged last; the ledger's nonce holds the line",
    ...{ faults: [11], on: ["sentinel"] },
    play: playUnreplicated,
  },
];

/** The loss is Redis's. It is reported as a changed server, and the payment moves once on a ledger with a nonce check. */
async function playUnreplicated({ world: anyWorld, instances, ledger, name }: Stage): Promise<Outcome> {
  const world = sentinelOf(anyWorld);
  const findings = openFindings();
  const former = await world.primary();
  const retainUntilMs = Date.now() + 600_000;
  const mark = (token: string) => ({ token, fingerprint: "f", retainUntilMs });
  const idOf = (client: string) => `${name} ${client}`;
  const pay = (instance: (typeof instances)[number]) =>
    instance.jobs.pay({ id: idOf(instance.client), leaseMs: 500, ledgerMovesOnce: true });
  await isolate(former);
  for (const instance of instances) {
    findings.same(
      await answerTo(instance, "verifications", "markOnce", instance.client, mark("first")),
      { status: "marked" },
      "markOnce",
    );
    findings.same(await pay(instance), { status: "fresh" }, "payOnce");
  }
  await former.kill("SIGKILL");
  const next = await world.group.nextPrimary(former);
  let lost = 0;
  for (const instance of instances) {
    const { client, jobs } = instance;
    const again = await answerTo(instance, "verifications", "markOnce", client, mark("second"));
    if (typeof again === "object" && again !== null && "status" in again && again.status === "marked") lost += 1;
    let paid = await pay(instance);
    await until(async () => {
      if (paid.status === "pending" || paid.status === "error") paid = await pay(instance);
      return paid.status !== "pending" && paid.status !== "error";
    });
    findings.check(paid.status === "fresh" || paid.status === "kept", `${client}: payOnce again: ${paid.status}`);
    findings.check(ledger.transfers(idOf(client)) === 1, `${client}: moved ${ledger.transfers(idOf(client))} times`);
    const changed = (await jobs.turns()).some(
      ({ event, purpose }) => event === "server-changed" && purpose === "commands",
    );
    findings.check(changed, `${client}: the changed server was not reported`);
  }
  findings.check(lost === instances.length, `Only ${lost} markers were lost: the fault did not land.`);
  await former.restart();
  await world.settled();
  return { proof: `${lost} markers lost, ${former.port} -> ${next.port}`, unsafe: findings.unsafe, shown: [] };
}
