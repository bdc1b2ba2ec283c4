// The reply of one call is lost: the call ran, its caller cannot know, and a retry finds what the first one did.
import type { Client } from "../contract.ts";
import { pick, type Random } from "../random.ts";
import type { Instance } from "../run/instances.ts";
import type { World } from "../worlds/world.ts";
import { answerTo, type Findings, openFindings, refusal } from "./findings.ts";
import type { Outcome, Row, Stage } from "./row.ts";

/** Short, because each reply that is lost on an open connection costs so much. */
const SHORT_MS = 100;
/** Of the replies so many are lost with their connections; the others leave theirs frozen, which takes a deadline. */
const CUT_SHARE = 0.7;

interface Round {
  instance: Instance;
  findings: Findings;
  key: string;
  /** Makes one call whose reply is lost, and checks that it was refused as "unknown". */
  lose(...call: Parameters<Instance["jobs"]["call"]>): Promise<void>;
}

/**
 * Loses replies that answer a script on a key with this prefix: the connection is cut with the reply, or no byte passes it
 * any more. TCP loses no byte between others. It says how many it has lost.
 */
function replyLoss(world: World, prefix: string) {
  let [armed, lost] = [false, 0];
  const meant = (request: Buffer) => armed && request.includes(prefix) && /evalsha/i.test(request.toString("latin1"));
  return {
    lost: () => lost,
    disarm() {
      armed = false;
    },
    arm(random: Random) {
      armed = true;
      const cut = random() < CUT_SHARE;
      for (const proxy of world.proxies()) {
        const when = (_reply: Buffer, request: Buffer) => {
          if (!meant(request)) return false;
          armed = false;
          lost += 1;
          if (!cut) proxy.freeze();
          return true;
        };
        // Each proxy keeps its drop until it strikes; only one of them does.
        proxy.dropReply({ when, cut });
      }
    },
  };
}

async function playRounds(stage: Stage, round: (round: Round) => Promise<void>): Promise<Outcome> {
  const played = [];
  for (const instance of stage.instances) played.push(await playClient(stage, instance, round));
  return {
    proof: played.map(({ client, lost }) => `${client}: ${lost} replies lost`).join(", "),
    unsafe: played.flatMap(({ client, unsafe }) => unsafe.map((text) => `${client}: ${text}`)),
    shown: [],
    rounds: stage.rounds,
  };
}

async function playClient(
  { world, name, random, rounds }: Stage,
  instance: Instance,
  play: (round: Round) => Promise<void>,
): Promise<{ client: Client; lost: number; unsafe: string[] }> {
  const { client, jobs } = instance;
  const keyPrefix = `${name}-${client}`;
  await jobs.open({ connection: world.connection, keyPrefix, commandTimeoutMs: SHORT_MS });
  // The scripts are loaded, so that a call is one command.
  for (let warm = 0; warm < 3 * world.proxies().length; warm += 1) {
    const retainUntilMs = Date.now() + 60_000;
    await answerTo(instance, "verifications", "markOnce", `warm ${warm}`, {
      token: "t",
      fingerprint: "f",
      retainUntilMs,
    });
  }
  const loss = replyLoss(world, keyPrefix);
  const findings = openFindings();
  for (let index = 0; index < rounds; index += 1) {
    const lose: Round["lose"] = async (...call) => {
      const before = loss.lost();
      loss.arm(random);
      const ended = await jobs.call(...call);
      findings.check(loss.lost() === before + 1, `round ${index}: the reply of ${call[1]} was not lost`);
      refusal(findings, ended, `round ${index}: ${call[1]} without its reply`, SHORT_MS);
      findings.same(ended, { outcome: "unknown" }, `round ${index}: ${call[1]} without its reply`);
    };
    await play({ instance, findings, key: `key ${index}`, lose });
  }
  return { client, lost: loss.lost(), unsafe: findings.unsafe };
}

const claimBy = (token: string) => {
  const retainUntilMs = Date.now() + 600_000;
  return { token, fingerprint: "f", leaseMs: 30_000, onLeaseExpiry: "retry", retainUntilMs };
};
const row = (of: Pick<Row, "name" | "title" | "faults">, round: (round: Round) => Promise<void>): Row => ({
  ...of,
  on: ["single", "sentinel", "cluster"],
  rounds: [50, 4],
  play: (stage) => playRounds(stage, round),
});

export const lostReplies: readonly Row[] = [
  row(
    { name: "lost-claim", title: "the reply of claim is lost", faults: [6] },
    async ({ instance, findings, key, lose }) => {
      await lose("verifications", "claim", key, claimBy("first"));
      const again = await answerTo(instance, "verifications", "claim", key, claimBy("first"));
      findings.same(again, { status: "claimed", via: "resume" }, "claim again");
      const other = await answerTo(instance, "verifications", "claim", key, claimBy("second"));
      findings.same(other, { status: "in-progress" }, "another's claim");
    },
  ),
  row(
    { name: "lost-marker", title: "the reply of markOnce is lost", faults: [6] },
    async ({ instance, findings, key, lose }) => {
      const by = (token: string) => ({ token, fingerprint: "f", retainUntilMs: Date.now() + 600_000 });
      await lose("verifications", "markOnce", key, by("first"));
      findings.same(
        await answerTo(instance, "verifications", "markOnce", key, by("first")),
        { status: "marked" },
        "markOnce again",
      );
      const other = await answerTo(instance, "verifications", "markOnce", key, by("second"));
      findings.same(other, { status: "already-marked" }, "another's markOnce");
    },
  ),
  row(
    { name: "lost-complete", title: "the reply of complete is lost", faults: [7] },
    async ({ instance, findings, key, lose }) => {
      const claim = await answerTo(instance, "verifications", "claim", key, claimBy("first"));
      const lease: unknown = typeof claim === "object" && claim !== null && "lease" in claim ? claim.lease : undefined;
      const result = { outcome: "accepted", value: key, retainUntilMs: Date.now() + 600_000 };
      await lose("verifications", "complete", key, lease, result);
      const again = await answerTo(instance, "verifications", "complete", key, lease, result);
      findings.same(again, { status: "ok" }, "complete again");
      const other = await answerTo(instance, "verifications", "claim", key, claimBy("second"));
      findings.same(other, { status: "done", value: key }, "another's claim");
    },
  ),
  row(
    { name: "lost-consume", title: "the reply of consume is lost", faults: [8] },
    async ({ instance, findings, key, lose }) => {
      const check = { route: "r", client: key, policy: { algorithm: "fixed-window", limit: 5, windowMs: 600_000 } };
      await lose("rateLimits", "consume", check);
      const left = await answerTo(instance, "rateLimits", "peek", check);
      findings.same(left, { remaining: 4 }, "what remains after one consume");
    },
  ),
  row(
    { name: "lost-debit", title: "the reply of debit is lost", faults: [8] },
    async ({ instance, findings, key, lose }) => {
      const created = { id: key, data: {}, idleTtlMs: 600_000, quotas: { calls: 10n } };
      await answerTo(instance, "sessions", "create", created);
      const spend = { quota: "calls", amount: 1n, opId: "operation" };
      await lose("sessions", "debit", key, spend);
      const again = await answerTo(instance, "sessions", "debit", key, spend);
      findings.same(again, { status: "ok", remaining: 9n, replayed: true }, "debit again");
    },
  ),
  {
    name: "lost-in-payment",
    title: "the reply of any call of payOnce is lost",
    ...{ faults: [6, 7, 27], on: ["single", "sentinel", "cluster"], rounds: [50, 4] },
    play: (stage) => playPayments(stage),
  },
];

/** Of the calls that payOnce makes, one loses its reply; then the payer asks until it has what it paid for. */
async function playPayments(stage: Stage): Promise<Outcome> {
  const { world, name, random, rounds, ledger, instances } = stage;
  const findings = openFindings();
  const lost: string[] = [];
  for (const { client, jobs } of instances) {
    const keyPrefix = `${name}-${client}`;
    await jobs.open({ connection: world.connection, keyPrefix, commandTimeoutMs: SHORT_MS });
    const loss = replyLoss(world, keyPrefix);
    for (let index = 0; index < rounds; index += 1) {
      const id = `${client} ${index}`;
      // Calls are told apart by the step before them.
      const step = pick(random, ["before", "verify", "settle", "moved"] as const);
      if (step === "before") loss.arm(random);
      ledger.onReached(id, async (reached) => {
        if (reached === step) loss.arm(random);
        return "go";
      });
      let status = "";
      for (let tries = 0; tries < 60 && status === ""; tries += 1) {
        const ended = await jobs.pay({ id, leaseMs: 500, stops: tries === 0 && step !== "before" ? [step] : [] });
        if (ended.status === "fresh" || ended.status === "kept") status = ended.status;
        else if (ended.status !== "pending" && ended.status !== "error") status = ended.status;
        else await new Promise((resolve) => setTimeout(resolve, 25));
      }
      findings.check(status === "fresh" || status === "kept", `${id} (${step}): ended ${status || "never"}`);
      findings.check(ledger.transfers(id) === 1, `${id} (${step}): moved ${ledger.transfers(id)} times`);
      loss.disarm();
    }
    // A reply that came with other bytes is not told apart, so now and then a round loses none.
    findings.check(loss.lost() > rounds / 2, `${client}: only ${loss.lost()} of ${rounds} replies were lost`);
    lost.push(`${client}: ${loss.lost()} replies lost`);
  }
  const twice = ledger.freshTwice().map((text) => `delivered twice: ${text}`);
  return { proof: lost.join(", "), unsafe: [...findings.unsafe, ...twice], shown: [], rounds };
}
