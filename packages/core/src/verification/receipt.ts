// What a completed payment keeps: the settlement's receipt, and what was serialized of the result.
import { StoreError } from "../errors.ts";

export interface StoredReceipt {
  receipt: string;
  stored?: string;
}

/** JSON escapes lone surrogates, so that any string a seller gives can be kept. */
export function writeReceipt(receipt: string, stored: string | undefined): string {
  return JSON.stringify(stored === undefined ? { receipt } : { receipt, stored });
}

/** Throws STORE_CORRUPT where a record holds something else. */
export function readReceipt(value: string): StoredReceipt {
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === "object" && parsed !== null && "receipt" in parsed && typeof parsed.receipt === "string") {
      const stored = "stored" in parsed && typeof parsed.stored === "string" ? parsed.stored : undefined;
      return stored === undefined ? { receipt: parsed.receipt } : { receipt: parsed.receipt, stored };
    }
  } catch {
    // Told below: JSON's own message would quote the value.
  }
  throw new StoreError("STORE_CORRUPT", "A completed payment's record cannot be read; it was kept as it is.");
}
