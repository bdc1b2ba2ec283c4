// Whether a restart reads back what was written, by what a server says of its default user. Real servers: the doctor's suites.
import { expect, it } from "vitest";
import { checkLoadingUser } from "./loading-user-check.ts";
import { type Fields, serverSaying } from "./server-saying.test-support.ts";

const REDIS_7 = { aof_enabled: "1", redis_version: "7.2.4" };

const found = async (rules: string | undefined, info: Fields = REDIS_7) => {
  const users = rules === undefined ? {} : { users: ["user app on ~* +@all -set", `user default ${rules}`] };
  // Its own user is not told, so that ACL DRYRUN is not asked.
  const ask = () => Promise.reject(new Error("not asked"));
  return (await checkLoadingUser(ask, serverSaying({ info, ...users }), { keeps: "money", prefixes: ["t"] })).map(
    ({ level }) => level,
  );
};

it.each([
  ["off sanitize-payload ~* &* +@all", []],
  ["on nopass %RW~* +@all", []],
  ["on ~* -@all +@all", []],
  ["off sanitize-payload resetchannels -@all", ["error"]],
  ["on ~* -@all +ping", ["error"]],
  ["on ~* -@all +@read +@pubsub", ["error"]],
  ["on +@all", ["error"]],
  ["on %R~* &* +@all", ["error"]],
  ["on ~* &* +@all -@write", ["error"]],
  ["on ~* &* +@all -set", ["error"]],
  ["on ~* &* +@all -pexpireat", ["error"]],
  ["on ~* &* +@all -select", ["error"]],
  ["on ~app:* &* +@all", ["unknown"]],
  ["on %R~* ~app:* &* +@all", ["unknown"]],
  ["on ~* &* +@all -@dangerous", ["unknown"]],
  ["on ~* &* -@all +@write", ["unknown"]],
  ["on ~* &* +@all -set (~* +set)", ["unknown"]],
  [undefined, ["unknown"]],
] as const)("a default user with %s", async (rules, levels) => {
  expect(await found(rules)).toEqual(levels);
});

it.each([
  [{ ...REDIS_7, valkey_version: "8.0.1" }, ["error"]],
  [{ ...REDIS_7, valkey_version: "9.0.0" }, []],
  [{ ...REDIS_7, redis_version: "6.2.14" }, []],
  [{ ...REDIS_7, redis_version: "8.0.0" }, []],
  [{ ...REDIS_7, aof_enabled: "0" }, []],
  [{ redis_version: "7.2.4" }, []],
] as const)("a default user without rights on a server that says %j", async (info, levels) => {
  expect(await found("on -@all", info)).toEqual(levels);
});
