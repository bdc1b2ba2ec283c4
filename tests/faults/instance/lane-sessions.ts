// In an instance's process: sessions that are created, read, and debited once for each operation.
import type { Fact } from "./facts.ts";
import type { Lane } from "./lane.ts";
import { untilAnswered } from "./lane.ts";

const QUOTA = 1_000;
const DEBITS = 6;

export const sessions: Lane = async (lane) => {
  const { stores, tally, facts, name, stopping, pause } = lane;
  while (!stopping()) {
    const data = { name };
    const created = await tally.run("create", () =>
      stores.sessions.create({ data, idleTtlMs: 3_600_000, quotas: { calls: BigInt(QUOTA) } }),
    );
    await pause();
    if (!("value" in created)) continue;
    const { id } = created.value.record;
    const ackedAtMs = [Date.now()];
    /** Debits that were acknowledged, less those that were found lost since. One more may be on record. */
    let [spent, pending] = [0, 0];
    const judge = (remaining: bigint | undefined) => {
      const taken = QUOTA - Number(remaining);
      if (taken > spent + pending) tally.wrong(`debit: ${taken} were spent for ${spent} operations`);
      for (; spent > taken; spent -= 1) tally.lost({ what: "a debit", ackedAtMs: ackedAtMs.pop() ?? Date.now() });
    };
    const fact: Fact = {
      what: "a session",
      ackedAtMs: Date.now(),
      async look() {
        const read = await tally.run("get", () => stores.sessions.get(id));
        if (!("value" in read)) return undefined;
        if (read.value === null) return "gone";
        judge(read.value.quotas?.calls);
        return "holds";
      },
    };
    facts.add(fact);
    for (let index = 0; index < DEBITS && !stopping(); index += 1) {
      const spend = { quota: "calls", amount: 1n, opId: `operation ${index}` };
      pending = 1;
      // Read beside each debit: so each fault that strikes a debit strikes a read, too.
      const [debited, found] = await Promise.all([
        untilAnswered(lane, "debit", () => stores.sessions.debit(id, spend)),
        fact.look(),
      ]);
      if (found === "gone") facts.missed(fact);
      if (debited === undefined) return;
      if (debited.status === "missing") {
        facts.missed(fact);
        break;
      }
      pending = 0;
      spent += 1;
      ackedAtMs.push(Date.now());
      judge(debited.remaining);
      await pause();
    }
    pending = 0;
  }
};
