// What the server may forget, or refuse, for want of memory.
import {
  type Checked,
  counted,
  failure,
  type Keeps,
  megabytes,
  NOTHING_SOLD,
  ok,
  unknown,
  warning,
} from "./finding.ts";
import type { ServerFacts } from "./server-facts.ts";

const NOEVICTION = "CONFIG SET maxmemory-policy noeviction, and `maxmemory-policy noeviction` in redis.conf.";

export function checkEviction({ info, config }: ServerFacts, keeps: Keeps): Checked[] {
  const policy = info("maxmemory_policy") ?? config("maxmemory-policy");
  const evicted = Number(info("evicted_keys") ?? 0);
  const found: Checked[] = [];
  if (policy === undefined)
    found.push(unknown("policy", "The server does not tell its maxmemory-policy; it must be noeviction."));
  else if (policy === "noeviction")
    found.push(ok("maxmemory-policy is noeviction: a full server refuses writes, and forgets nothing."));
  else if (keeps === "limits") {
    found.push(
      warning(
        "policy-for-limits",
        `maxmemory-policy is ${policy}: a full server forgets limits, and admits clients again.`,
        NOEVICTION,
      ),
    );
  } else {
    found.push(
      failure(
        "policy",
        `maxmemory-policy is ${policy}: a full server forgets payments and sessions, and serves a payment twice. ` +
          "Of 200 replay markers, allkeys-lru kept 20, volatile-lru 1 and volatile-ttl none.",
        NOEVICTION,
      ),
    );
  }
  if (evicted > 0) found.push(checkEvicted(evicted, { isOver: policy === "noeviction" || keeps === "limits" }));
  return found;
}

/** `isOver`: the server evicts nothing more, or nothing that matters. What it evicted before stays lost. */
function checkEvicted(evicted: number, { isOver }: { readonly isOver: boolean }): Checked {
  const message = `The server has evicted ${counted(evicted, "key")} since it started: payments among them can be served twice.`;
  if (!isOver) return failure("evicting", message, NOEVICTION);
  return warning(
    "evicted",
    message,
    "Compare what was served with what the chain settled; then CONFIG RESETSTAT ends this warning.",
  );
}

/** Shares of maxmemory. */
const TIGHT = 0.75;
export const FULL = 0.95;

export function checkMemory({ info }: ServerFacts): Checked {
  const used = Number(info("used_memory") ?? Number.NaN);
  const most = Number(info("maxmemory") ?? Number.NaN);
  if (Number.isNaN(used) || Number.isNaN(most)) return unknown("memory", "The server does not tell its memory.");
  if (most === 0) {
    return warning(
      "no-limit",
      `${megabytes(used)} are used, and maxmemory is not set: where memory ends, the system ends the server.`,
      "Set maxmemory below what the machine has, and noeviction.",
    );
  }
  const share = used / most;
  const shown = `${megabytes(used)} of ${megabytes(most)} are used (${Math.round(share * 100)} %).`;
  const machine = Number(info("total_system_memory") ?? Number.NaN);
  if (most > machine) {
    return warning(
      "more-than-machine",
      `${shown} The machine has ${megabytes(machine)}: the system ends the server before maxmemory is reached.`,
      "Set maxmemory below what the machine has.",
    );
  }
  if (share < TIGHT) return ok(shown);
  const more = "Raise maxmemory; docs/scaling.md has the bytes of a payment.";
  if (share < FULL) return warning("filling", `${shown} A full server refuses every payment.`, more);
  return failure("full", `${shown} Writes are refused, or soon will be. ${NOTHING_SOLD}`, more);
}
