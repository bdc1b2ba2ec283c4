// Core's hot session transitions as calls of the session script.
import { creditPastDeadline, type NativeTransitions, quotaTooLarge } from "@tollbooth-stores/core/native";
import { callRunner, jitter, type RunCall } from "../scripts/native-context.ts";
import { replyReader, unreadable } from "../scripts/reading.ts";
import type { ScriptRunner } from "../scripts/script-runner.ts";
import { quotaArguments, sessionOf } from "./session-fields.ts";
import { sessionScript } from "./session-script.ts";

export function sessionCalls(runner: ScriptRunner): RunCall {
  return callRunner(runner, sessionScript, "A stored session", { DEADLINE: creditPastDeadline, QUOTA: quotaTooLarge });
}

export function sessionNatives(call: RunCall, spread: number): NativeTransitions {
  const spreadBy = () => jitter(spread);
  const sessionOrNull = (fields: readonly unknown[]) => (fields.length === 0 ? null : sessionOf(replyReader(fields)));
  return {
    "session.create": async (keys, draft, options) => {
      const { hash, version, payload, idleTtlMs, absoluteTtlMs, subject, quotas } = draft;
      const about = [spreadBy(), hash, version, payload, idleTtlMs ?? "", absoluteTtlMs ?? ""];
      const args = [...about, subject?.hash ?? "", subject?.payload ?? "", ...quotaArguments(quotas)];
      const reply = await call("create", keys, args, options);
      const status = reply.text();
      if (status === "exists") return { status };
      return { status: "ok", session: sessionOf(replyReader(reply.list())) };
    },
    "session.get": async (keys, _, options) => sessionOrNull((await call("get", keys, [], options)).rest()),
    "session.touch": async (keys, { hash }, options) =>
      sessionOrNull((await call("touch", keys, [spreadBy(), hash], options)).rest()),
    "session.update": async (keys, { ifVersion, payload }, options) => {
      const reply = await call("update", keys, [spreadBy(), ifVersion, payload], options);
      const status = reply.text();
      if (status === "missing") return { status };
      if (status !== "ok" && status !== "conflict") throw unreadable();
      return { status, session: sessionOf(replyReader(reply.list())) };
    },
    "session.credit": async (keys, { hash, operation, extendMs, quotas, createWith }, options) => {
      const args = [spreadBy(), hash, operation, extendMs ?? "", ...quotaArguments(quotas)];
      if (createWith === undefined) args.push("0");
      else {
        const { version, payload, idleTtlMs, absoluteTtlMs } = createWith;
        args.push("1", version, payload, idleTtlMs ?? "", absoluteTtlMs ?? "");
      }
      const reply = await call("credit", keys, args, options);
      const status = reply.text();
      if (status === "missing") return { status };
      const replayed = reply.integer() === 1;
      return { status: "ok", replayed, session: sessionOf(replyReader(reply.list())) };
    },
    "session.debit": async (keys, { quota, amount, operation }, options) => {
      const reply = await call("debit", keys, [spreadBy(), quota, String(amount), operation ?? ""], options);
      const status = reply.text();
      if (status === "missing") return { status };
      if (status !== "ok" && status !== "insufficient") throw unreadable();
      return { status, remaining: BigInt(reply.text()), replayed: reply.integer() === 1 };
    },
    "session.delete": async (keys, { hash, ifVersion }, options) =>
      (await call("delete", keys, [spreadBy(), hash, ifVersion ?? ""], options)).integer() === 1,
  };
}
