// In an instance's process: claims that are completed, and stay so.
import type { Lane } from "./lane.ts";
import { untilAnswered } from "./lane.ts";

const LEASE_MS = 10_000;

export const claims: Lane = async (lane) => {
  const { stores, tally, facts, name, stopping, pause } = lane;
  for (let index = 0; !stopping(); index += 1) {
    const key = `${name}:${index}`;
    const retainUntilMs = Date.now() + 3_600_000;
    const startedAtMs = Date.now();
    const request = {
      token: "first",
      fingerprint: "f",
      leaseMs: LEASE_MS,
      onLeaseExpiry: "retry",
      retainUntilMs,
    } as const;
    const claim = await untilAnswered(lane, "claim", () => stores.verifications.claim(key, request));
    await pause();
    if (claim === undefined) return;
    if (claim.status !== "claimed") {
      tally.wrong(`claim: a free key was ${claim.status}`);
      continue;
    }
    const claimedAtMs = Date.now();
    const result = { outcome: "accepted", value: key, retainUntilMs } as const;
    const ended = await untilAnswered(lane, "complete", () => stores.verifications.complete(key, claim.lease, result));
    if (ended === undefined) return;
    if (ended.status === "lost") {
      if (ended.current === "absent") tally.lost({ what: "a claim", ackedAtMs: claimedAtMs });
      else if (Date.now() - startedAtMs < LEASE_MS)
        tally.wrong(`complete: a live lease was lost, the record is ${ended.current}`);
      continue;
    }
    facts.add({
      what: "a completed claim",
      ackedAtMs: Date.now(),
      async look() {
        const tried = await tally.run("peek", () => stores.verifications.peek(key));
        if (!("value" in tried)) return undefined;
        const { value: look } = tried;
        if (look.status !== "done") return "gone";
        return look.value === key ? "holds" : { wrong: "peek: another value than the one that was recorded" };
      },
    });
    await pause();
  }
};
