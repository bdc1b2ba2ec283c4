// The error of one key's calls: from the text that a limit's script puts in the place of its record.
import { StoreError } from "@tollbooth-stores/core";
import { errorWord, isRightMissing, refused, rightMissing } from "../connection/redis-errors.ts";

export function limitError(text: string): StoreError {
  const error = new Error(text);
  if (isRightMissing(error)) return rightMissing();
  const word = errorWord(error);
  if (word === "NOPERM") return rightMissing();
  if (word === "CORRUPT") return corruptLimit();
  return refused(word, "unknown");
}

export function corruptLimit(): StoreError {
  return new StoreError(
    "STORE_CORRUPT",
    "A stored rate-limit record cannot be read; it was kept as it is. Does something else write under keyPrefix?",
  );
}
