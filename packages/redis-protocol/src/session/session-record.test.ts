// A session's record as text: every part, every size, and nothing that is not one.
import { expect, it } from "vitest";
import { characters, plainRecord } from "./session-record.test-support.ts";
import { decodeQuotas, decodeSession } from "./session-record.ts";

const corrupt = expect.objectContaining({ code: "STORE_CORRUPT" });
const hash = "h".repeat(22);

it("reads what was written, whatever parts there are and whatever alphabet they are in", () => {
  const texts = ["", "plain", "客:ünï 😀", "\u0000\u007f", '"'.repeat(20_000)];
  for (let form = 0; form < 32; form += 1) {
    const wide = form % 2 === 1;
    const numbers = wide
      ? { version: 2 ** 48, createdAtMs: 1e14, afterMs: 8e15, idleTtlMs: 3e12, absoluteAfterMs: 8.5e15 }
      : { version: 1, createdAtMs: 128 ** 6 - 1, afterMs: 1, idleTtlMs: 128 ** 4 - 1, absoluteAfterMs: 128 ** 4 - 1 };
    for (const text of texts) {
      const idleTtlMs = (form & 2) === 0 ? undefined : numbers.idleTtlMs;
      const absoluteAfterMs = (form & 4) === 0 ? undefined : numbers.absoluteAfterMs;
      const subject = (form & 8) === 0 ? undefined : ([hash, text] as const);
      const name = text.slice(0, 5);
      const quotas =
        (form & 16) === 0
          ? undefined
          : ([
              [name, "9223372036854775807"],
              [`${name}.`, "0"],
            ] as const);
      const { version, createdAtMs, afterMs } = numbers;
      const raw = plainRecord({
        form,
        version,
        createdAtMs,
        afterMs,
        idleTtlMs,
        absoluteAfterMs,
        subject,
        quotas,
        payload: text,
      });
      expect(decodeSession(raw)).toEqual({
        version,
        createdAtMs,
        expiresAtMs: createdAtMs + afterMs,
        idleTtlMs,
        absoluteExpiresAtMs: absoluteAfterMs === undefined ? undefined : createdAtMs + absoluteAfterMs,
        subject: subject === undefined ? undefined : { hash, payload: text },
        quotas: quotas && new Map(quotas.map(([of, digits]) => [of, BigInt(digits)])),
        payload: text,
      });
    }
  }
});

it("refuses what is cut, of another format, not in 7 bits, or says that it ended as it began", () => {
  const quotas = [["calls", "17"]] as const;
  const whole = plainRecord({ form: 30, idleTtlMs: 9, absoluteAfterMs: 9, subject: [hash, "1a"], quotas, payload: "" });
  expect(decodeSession(whole)).toMatchObject({ quotas: new Map([["calls", 17n]]), payload: "" });
  for (let length = 0; length < whole.length; length += 1) {
    expect(() => decodeSession(whole.slice(0, length)), `${length} characters`).toThrow(corrupt);
  }
  for (const format of ["\u0020", "{", '"', "1", "\u0080", "\ufffd"]) {
    expect(() => decodeSession(format + whole.slice(1))).toThrow(corrupt);
  }
  for (let at = 1; at < 26; at += 1) {
    expect(() => decodeSession(`${whole.slice(0, at)}\u00e9${whole.slice(at + 1)}`), `at ${at}`).toThrow(corrupt);
  }
  expect(() => decodeSession(plainRecord({ form: 0, afterMs: 0, payload: "1" }))).toThrow(corrupt);
  expect(() => decodeSession(plainRecord({ form: 1, afterMs: 128 ** 8 - 1, payload: "1" }))).toThrow(corrupt);
  expect(() => decodeSession(plainRecord({ form: 3, idleTtlMs: 2 ** 53, payload: "1" }))).toThrow(corrupt);
  expect(() => decodeSession(plainRecord({ form: 5, absoluteAfterMs: 2 ** 53, payload: "1" }))).toThrow(corrupt);
  expect(() => decodeSession(plainRecord({ form: 0, version: 0, payload: "1" }))).toThrow(corrupt);
});

it("refuses quotas that are no amounts, or do not end where they say", () => {
  const quota = (name: string, digits: string) =>
    `${characters(name.length, 2)}${name}${characters(digits.length, 1)}${digits}`;
  expect(decodeQuotas("")).toEqual(new Map());
  expect(decodeQuotas(quota("a", "9223372036854775807") + quota("", "0"))).toEqual(
    new Map([
      ["a", 2n ** 63n - 1n],
      ["", 0n],
    ]),
  );
  for (const digits of ["", "-1", "1.5", "x", "9223372036854775808", "00000000000000000001"]) {
    expect(() => decodeQuotas(quota("a", digits)), digits).toThrow(corrupt);
  }
  for (const cut of [quota("a", "12").slice(0, -1), quota("abc", "").slice(0, 3), "\u0001"]) {
    expect(() => decodeQuotas(cut)).toThrow(corrupt);
  }
});
