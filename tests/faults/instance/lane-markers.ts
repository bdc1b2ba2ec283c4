// In an instance's process: one-time markers, each set once and never again.
import type { Lane } from "./lane.ts";
import { untilAnswered } from "./lane.ts";

export const markers: Lane = async (lane) => {
  const { stores, tally, facts, name, stopping, pause } = lane;
  for (let index = 0; !stopping(); index += 1) {
    const key = `${name}:${index}`;
    const retainUntilMs = Date.now() + 3_600_000;
    const mark = (token: string) => stores.verifications.markOnce(key, { token, fingerprint: "f", retainUntilMs });
    const marked = await untilAnswered(lane, "markOnce", () => mark("first"));
    if (marked?.status === "marked") {
      facts.add({
        what: "a marker",
        ackedAtMs: Date.now(),
        async look() {
          const again = await tally.run("markOnce again", () => mark("second"));
          if (!("value" in again)) return undefined;
          return again.value.status === "marked" ? "gone" : "holds";
        },
      });
    } else if (marked !== undefined) tally.wrong("markOnce: a marker's own token was refused");
    await pause();
  }
};
