// What an examination says of a server's disk: whether writes reach it, and whether a restart brings them back.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { type DoctorScene, doctorScene, foundBy, good } from "./doctor-scene.ts";
import { isRedis7OrNewer } from "./find-server.ts";
import { type RedisEndpoint, redisCommand } from "./resp-command.ts";
import type { RunningRedis } from "./start-redis.ts";
import { until } from "./until.ts";

/** Redis 6.2 has neither ACL DRYRUN nor rights to read alone. */
const isNewer = await isRedis7OrNewer();

const KEY = "tollbooth:verify:{a}:c";

/** Rules of the default user, whether a Redis 7 forgets with them, and what their words alone say. */
const loadingUsers: readonly (readonly [rules: string, forgets: boolean, byRules: string])[] = [
  ["~* &* +@all", false, "ok"],
  ["~tollbooth:* &* +@all -@dangerous -multi -exec -evalsha +acl", false, "unknown"],
  ["~app:* &* +@all", true, "unknown"],
  ...(isNewer ? ([["%R~* &* +@all", true, "error"]] as const) : []),
  ["&* +@all", true, "error"],
  ["~* &* +@all -@write", true, "error"],
  ["~* &* +@all -set", true, "error"],
  ["~* &* +@all -pexpireat", true, "error"],
];

/** Registers the tests. */
export function doctorDiskSuite<Client>(provider: ClientProvider<Client>): void {
  const scene = (): DoctorScene => doctorScene(provider, onTestFinished);

  describe(`an examination of a disk through ${provider.name}`, () => {
    it.each(loadingUsers)("tells what a restart makes of a default user with %s", async (rules, forgets, byRules) => {
      const { started, examined } = scene();
      const redis = await started({
        ...good,
        config: ["appendonly yes", `user default on >secret ${rules}`],
        users: { app: "on >app ~* &* +@all", reader: `on >app ~* &* +@all${isNewer ? " -acl|dryrun" : ""}` },
      });
      const app = { ...redis, username: "app", password: "app" };
      const found = async (user: string) =>
        foundBy(
          await examined({ url: `redis://${user}:app@${redis.host}:${redis.port}` }, { criticalOnly: true }),
          "users",
        );
      const write = "redis.call('SET', KEYS[1], 'x', 'PX', 600000) redis.call('PEXPIRE', KEYS[1], 500000)";
      await redisCommand(app, "EVAL", write, "1", KEY);
      const [told, withoutDryRun] = [await found("app"), await found("reader")];
      const loadsAsDefault = await dropsTransactions(app);
      await redis.restart();
      const left = Number(await redisCommand(app, "PTTL", KEY));
      const isKept = left > 0 && left <= 500_000;
      expect(isKept).toBe(!(loadsAsDefault && forgets));
      expect(told.map(({ level }) => level)).toEqual(isKept ? ["ok"] : ["ok", "error"]);
      if (!isKept) expect(told[1]?.message).toMatch(/At a restart .*payments are forgotten, and served again/);
      const worse = loadsAsDefault && byRules !== "ok" ? [byRules] : [];
      expect(withoutDryRun.map(({ level }) => level)).toEqual(["ok", ...worse]);
    });

    it("finds that an append-only file that was switched on is not written, and that it is once its rewrite succeeds", async () => {
      const { started, examined } = scene();
      const redis = await started({ ...good, config: ["appendonly no", "appendfsync everysec"] });
      const persistence = async () =>
        foundBy(await examined({ url: redis.url }, { criticalOnly: true }), "persistence").map(({ level }) => level);
      const taken = await takeNames(redis);
      const switchedOn = () => redis.command("CONFIG", "SET", "appendonly", "yes");
      if (isNewer) {
        await switchedOn();
        const isFailed = /aof_last_bgrewrite_status:err/;
        await until(async () => isFailed.test(String(await redis.command("INFO", "persistence"))));
        const found = foundBy(await examined({ url: redis.url }), "persistence");
        expect(found).toMatchObject([{ level: "error", message: expect.stringMatching(/its first rewrite fails/) }]);
      } else {
        // Redis 6.2 says so at once.
        await expect(switchedOn()).rejects.toThrow("Unable to turn on AOF");
      }
      await Promise.all(taken.map((path) => rm(path, { recursive: true })));
      await redis.command("CONFIG", "SET", "appendonly", "no");
      await switchedOn();
      await until(async () => (await persistence()).join() === "ok");
    });

    it("warns that a failed snapshot may stop writes, where the settings are not told", async () => {
      const { started, examined } = scene();
      const redis = await started({
        ...good,
        config: ["appendonly yes", "save 3600 1", "dbfilename ."],
        users: { app: "on >app ~* &* +@all -config" },
      });
      await redis.command("BGSAVE");
      await until(async () => String(await redis.command("INFO")).includes("rdb_last_bgsave_status:err"));
      await expect(redis.command("SET", "k", "v")).rejects.toThrow("MISCONF");
      const found = await examined({ url: `redis://app:app@${redis.host}:${redis.port}` }, { criticalOnly: true });
      expect(foundBy(found, "persistence")).toContainEqual(
        expect.objectContaining({ level: "warning", message: expect.stringMatching(/MISCONF.*not told/) }),
      );
    });
  });
}

/** Whether this version reads transactions back with the default user's rights. */
async function dropsTransactions(app: RedisEndpoint): Promise<boolean> {
  const info = String(await redisCommand(app, "INFO", "server"));
  const [, version, valkey] = [...(/redis_version:(\d+)/.exec(info) ?? []), /valkey_version:(\d+)/.exec(info)?.[1]];
  return valkey === undefined ? version === "7" : Number(valkey) < 9;
}

/** Folders where the next append-only files would be, so that no rewrite succeeds. Answers their paths. */
async function takeNames(redis: RunningRedis): Promise<string[]> {
  const [, folder] = [await redis.command("CONFIG", "GET", "dir")].flat();
  // Redis 6.2 has one file, in the folder itself.
  const names = Array.from({ length: 3 }, (_, at) => join("appendonlydir", `appendonly.aof.${at + 1}.base.rdb`));
  const paths = [...names, "appendonly.aof"].map((name) => join(String(folder), name));
  for (const path of paths) {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, "x"), "");
  }
  return paths;
}
