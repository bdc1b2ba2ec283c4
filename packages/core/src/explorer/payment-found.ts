// The state that callers find in the explorer's payments where an earlier caller worked and died.
import type { StoredRecord } from "../atomic-port.ts";
import { claim } from "../verification/claim.ts";
import { markUnknown, release } from "../verification/end.ts";
import { renew } from "../verification/hold.ts";
import { settle } from "../verification/settle.ts";
import type { Transition } from "../verification/verification-record.ts";
import {
  keptText,
  leaseMs,
  type PaymentRules,
  type PaymentWorld,
  type Presented,
  receipt,
  validUntilMs,
} from "./payment-world.ts";

type Found = Pick<PaymentWorld, "record" | "kept" | "transfer">;

/** Made by the right transitions, whichever transitions are under test. */
export function foundBy(
  { fingerprint, payload, collector }: Presented,
  found: PaymentRules["found"],
  nowMs: number,
): Found {
  let record: StoredRecord | null = null;
  let kept: StoredRecord | null = null;
  const put = <R>({ write, writeKept, reply }: Transition<R>): R => {
    if (write !== undefined) record = write;
    if (writeKept !== undefined) kept = writeKept;
    return reply;
  };
  if (found === "nothing") return { record, kept, transfer: { id: 0, state: "none" } };
  const asked = { token: "Z", fingerprint, leaseMs, onLeaseExpiry: "retry", retainUntilMs: validUntilMs } as const;
  const claimed = put(claim(record, nowMs, { ...asked, payment: { payload, collector } }));
  if (claimed.status !== "claimed") throw new TypeError("A payment that nobody holds is claimed.");
  const { lease } = claimed;
  put(renew(record, nowMs, { lease, leaseMs, toUnknown: true, kept: keptText }));
  if (found === "refused") {
    put(release(record, nowMs, { lease, refused: true }, kept));
    return { record, kept, transfer: { id: 1, state: "dropped" } };
  }
  if (found === "owed") {
    put(settle(record, nowMs, { receipt }, kept));
    return { record, kept: null, transfer: { id: 1, state: "landed" } };
  }
  put(markUnknown(record, nowMs, { lease, evidence: undefined }));
  return { record, kept, transfer: { id: 1, state: "flying" } };
}
