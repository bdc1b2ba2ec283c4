// In an instance's process: payments, each presented by all instances of the load and paid for once.
import type { Lane } from "./lane.ts";
import { payHere } from "./pay.ts";

const LEASE_MS = 2_000;
/** A payer without an answer by then never gets one. */
const MOST_MS = 60_000;

export const payments: Lane = async ({ stores, tally, facts, run, shared, stopping, pause }) => {
  for (let index = 0; !stopping(); index += 1) {
    const id = `${shared}:${index}`;
    const pay = () => tally.run("payOnce", () => payHere(stores, run, { id, leaseMs: LEASE_MS }), null);
    const startedAtMs = Date.now();
    let status = "";
    while (!stopping() && status === "") {
      const tried = await pay();
      if ("value" in tried && tried.value.status !== "pending") status = tried.value.status;
      else if (Date.now() - startedAtMs > MOST_MS) status = "without an end";
      await pause();
    }
    if (status === "fresh" || status === "kept") {
      facts.add({
        what: "a payment",
        ackedAtMs: Date.now(),
        async look() {
          const tried = await pay();
          if (!("value" in tried) || tried.value.status === "pending") return undefined;
          if (tried.value.status === "kept") return "holds";
          return tried.value.status === "fresh"
            ? "gone"
            : { wrong: `payOnce: a paid payment is ${tried.value.status}` };
        },
      });
    } else if (status !== "") tally.wrong(`payOnce: a good payment is ${status}`);
  }
};
