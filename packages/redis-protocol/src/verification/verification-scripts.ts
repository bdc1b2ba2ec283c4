// The verifications' scripts, one an operation. Each holds the pieces that it uses, in the order in which they use each
// other: a server runs the whole of a script at each call, and makes every function anew.
import type { NativeTransitions } from "@tollbooth-stores/core/native";
import { type Script, script } from "../scripts/script.ts";
import optional from "./arguments.lua";
import binding from "./binding.lua";
import claim from "./claim.lua";
import complete from "./complete.lua";
import deliver from "./deliver.lua";
import delivery from "./delivery.lua";
import durations from "./durations.lua";
import expire from "./expire.lua";
import handOver from "./hand-over.lua";
import holding from "./holding.lua";
import kept from "./kept.lua";
import leasing from "./leasing.lua";
import markOnce from "./mark-once.lua";
import markUnknown from "./mark-unknown.lua";
import noSettlement from "./no-settlement.lua";
import note from "./note.lua";
import peek from "./peek.lua";
import receipt from "./receipt.lua";
import reconcile from "./reconcile.lua";
import record from "./record.lua";
import terms from "./record-terms.lua";
import writing from "./record-writing.lua";
import release from "./release.lua";
import renew from "./renew.lua";
import settle from "./settle.lua";
import undeliver from "./undeliver.lua";
import unresolved from "./unresolved.lua";
import view from "./view.lua";

const operation = (name: string, ...pieces: readonly string[]): Script => script(`verification.${name}`, ...pieces);
const changing = [durations, record, writing, optional];
const held = [...changing, holding];
const settling = [terms, kept, binding, delivery, handOver, receipt];

type Operation = keyof NativeTransitions extends infer Name
  ? Name extends `verification.${infer Method}`
    ? Method
    : never
  : never;

export const verificationScripts: Readonly<Record<Operation, Script>> = {
  claim: operation("claim", ...changing, terms, view, kept, binding, leasing, claim),
  reconcile: operation("reconcile", ...changing, terms, view, leasing, reconcile),
  renew: operation("renew", ...held, renew),
  note: operation("note", ...held, note),
  complete: operation("complete", ...held, ...settling, noSettlement, complete),
  release: operation("release", ...held, release),
  markUnknown: operation("markUnknown", ...held, markUnknown),
  settle: operation("settle", ...held, ...settling, settle),
  deliver: operation("deliver", ...held, kept, delivery, handOver, deliver),
  undeliver: operation("undeliver", ...held, kept, delivery, undeliver),
  expire: operation("expire", ...held, noSettlement, expire),
  peek: operation("peek", record, view, peek),
  unresolved: operation("unresolved", record, unresolved),
  markOnce: operation("markOnce", durations, terms, markOnce),
};
