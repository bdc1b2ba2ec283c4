// The sessions' scripts: one for each operation, of the pieces that it needs.
import guard from "../scripts/guard.lua";
import { flatScript, type Script, script } from "../scripts/script.ts";
import amounts from "./lua/amounts.lua";
import begin from "./lua/begin.lua";
import characters from "./lua/characters.lua";
import create from "./lua/create.lua";
import credit from "./lua/credit.lua";
import debit from "./lua/debit.lua";
import remove from "./lua/delete.lua";
import deleteSubject from "./lua/delete-subject.lua";
import extend from "./lua/extend-session.lua";
import get from "./lua/get.lua";
import index from "./lua/index.lua";
import listSubject from "./lua/list-subject.lua";
import members from "./lua/members.lua";
import operations from "./lua/operations.lua";
import quotas from "./lua/quotas.lua";
import record from "./lua/record.lua";
import rotate from "./lua/rotate.lua";
import touch from "./lua/touch.lua";
import touchAndGet from "./lua/touch-and-get.lua";
import update from "./lua/update.lua";
import writing from "./lua/write-record.lua";

export const sessionScripts: Readonly<
  Record<
    | "get"
    | "create"
    | "touch"
    | "touchAndGet"
    | "update"
    | "credit"
    | "debit"
    | "delete"
    | "rotate"
    | "listSubject"
    | "deleteSubject",
    Script
  >
> = {
  get: flatScript("session.get", guard, get),
  create: script("session.create", record, characters, writing, begin, quotas, index, create),
  touch: script("session.touch", record, characters, writing, index, operations, extend, touch),
  touchAndGet: script("session.touchAndGet", record, characters, writing, index, operations, extend, touchAndGet),
  update: script("session.update", record, characters, quotas, update),
  credit: script("session.credit", record, characters, writing, begin, quotas, amounts, index, operations, credit),
  debit: script("session.debit", record, characters, quotas, amounts, operations, debit),
  delete: script("session.delete", record, index, remove),
  rotate: script("session.rotate", record, characters, writing, index, rotate),
  listSubject: script("session.listSubject", members, listSubject),
  deleteSubject: script("session.deleteSubject", index, members, deleteSubject),
};
