// In an instance's process: clients with a small allowance, taken to its end.
import type { Lane } from "./lane.ts";

const LIMIT = 6;

/** A client in turn takes all it may and two more. What was lost shows in `remaining`. */
export const limits: Lane = async ({ stores, tally, name, stopping, pause }) => {
  const policy = { algorithm: "fixed-window", limit: LIMIT, windowMs: 3_600_000 } as const;
  for (let index = 0; !stopping(); index += 1) {
    const check = { route: name, client: `client ${index}`, policy };
    /** At least so many are taken, and at most so many. */
    let [least, most] = [0, 0];
    let ackedAtMs: number[] = [];
    for (let tries = 0; tries < LIMIT + 2 && !stopping(); tries += 1) {
      const tried = await tally.run("consume", () => stores.rateLimits.consume(check));
      if ("failed" in tried) {
        if (tried.failed === "unknown") most += 1;
        await pause();
        continue;
      }
      const { allowed, remaining } = tried.value;
      const taken = LIMIT - remaining;
      if (allowed) {
        least += 1;
        most += 1;
      } else if (most < LIMIT) tally.wrong(`consume: denied after ${most} of ${LIMIT}`);
      if (taken > most) tally.wrong(`consume: ${taken} were charged for ${most}`);
      for (; least > taken; least -= 1)
        tally.lost({ what: "a consumed cost", ackedAtMs: ackedAtMs.pop() ?? Date.now() });
      most = Math.min(most, Math.max(taken, least));
      least = taken;
      if (allowed) ackedAtMs = [...ackedAtMs, Date.now()];
      await pause();
    }
  }
};
