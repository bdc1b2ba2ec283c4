// Servers start, serve, fail, and are gone afterwards: also when the test run that started them is killed.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { findRedisServer, type RedisOptions, redisCommand, startRedis, startTlsRedis } from "./index.ts";
import { startListening } from "./start-redis.ts";

async function started(options: RedisOptions = {}) {
  const redis = await startRedis(options);
  onTestFinished(() => redis.stop());
  return redis;
}

/** False for a process that has ended, reaped or not. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A zombie has ended; only Linux tells so here, elsewhere its parent's reaping is waited for.
  try {
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    // Not Linux, or it ended just now: the next look at it says so.
    return true;
  }
}

async function ends(pid: number): Promise<void> {
  while (isRunning(pid)) await delay(10);
}

describe("startRedis", () => {
  it("starts a server of its own on the loopback that keeps nothing on disk", async () => {
    const [one, other] = await Promise.all([started(), started()]);
    expect(await one.command("SET", "key", "välue")).toBe("OK");
    expect(await other.command("GET", "key")).toBeNull();
    expect(await one.command("CONFIG", "GET", "save")).toEqual(["save", ""]);
    expect(await one.command("CONFIG", "GET", "bind")).toEqual(["bind", "127.0.0.1"]);
    expect(one.url).toBe(`redis://127.0.0.1:${one.port}`);
    expect(one.port).not.toBe(6379);
  });

  it("ends the server and removes its folder on stop, twice over, and though it is frozen", async () => {
    const redis = await started();
    const reply = await redis.command("CONFIG", "GET", "dir");
    const folder = Array.isArray(reply) ? String(reply[1]) : "";
    expect(existsSync(folder)).toBe(true);
    await redis.kill("SIGSTOP");
    await Promise.all([redis.stop(), redis.stop()]);
    expect(isRunning(redis.pid)).toBe(false);
    expect(existsSync(folder)).toBe(false);
  });

  it.each<RedisOptions>([{ appendFsync: "always" }, { survivesKill: true }])(
    "restarts on the same port, with what it kept by %o",
    async (options) => {
      const redis = await started(options);
      const { pid } = redis;
      await redis.command("SET", "key", "kept");
      await redis.kill("SIGKILL");
      await expect(redis.command("PING")).rejects.toThrow("ECONNREFUSED");
      await redis.restart();
      expect(redis.pid).not.toBe(pid);
      expect(await redis.command("GET", "key")).toBe("kept");
    },
  );

  it("sets memory limit, password and users", async () => {
    const redis = await started({
      maxmemory: "3mb",
      requirepass: "p@ss word",
      users: { reader: "on >r ~* +get" },
    });
    expect(await redis.command("CONFIG", "GET", "maxmemory")).toEqual(["maxmemory", "3145728"]);
    const reader = { ...redis, username: "reader", password: "r" };
    await expect(redisCommand(reader, "SET", "key", "1")).rejects.toThrow("NOPERM");
    await expect(redisCommand({ ...redis, password: "wrong" }, "PING")).rejects.toThrow("WRONGPASS");
    expect(new URL(redis.url).password).toBe("p%40ss%20word");
  });

  it("says what the server said where it does not start, and leaves nothing behind", async () => {
    await expect(startRedis({ config: ["no-such-option 1"] })).rejects.toThrow("no-such-option");
  });
});

describe("startListening", () => {
  it("tries another port when another process was quicker", async () => {
    const quicker = await started();
    const ports: number[] = [];
    const redis = await startListening(
      {},
      {
        endpoint: (port) => ({ host: "127.0.0.1", port, url: `redis://127.0.0.1:${port}` }),
        listen(port) {
          ports.push(port);
          return [`port ${ports.length === 1 ? quicker.port : port}`];
        },
      },
    );
    onTestFinished(() => redis.stop());
    expect(ports).toHaveLength(2);
    expect(redis.port).toBe(ports[1]);
    expect(await redis.command("PING")).toBe("PONG");
  });
});

describe("startTlsRedis", () => {
  it("takes TLS only, for those who trust its authority and have the password", async () => {
    const [redis, stranger] = await Promise.all([startTlsRedis(), startTlsRedis()]);
    onTestFinished(() => Promise.all([redis.stop(), stranger.stop()]).then(() => undefined));
    expect(await redis.command("PING")).toBe("PONG");
    expect(await redis.command("ACL", "WHOAMI")).toBe("tollbooth");
    await expect(redisCommand({ ...redis, ca: stranger.ca }, "PING")).rejects.toThrow();
    await expect(redisCommand({ ...redis, password: "wrong" }, "PING")).rejects.toThrow("WRONGPASS");
    await expect(redisCommand({ host: redis.host, port: redis.port, url: "" }, "PING")).rejects.toThrow();
    await redis.restart();
    expect(await redis.command("PING")).toBe("PONG");
  });
});

describe("a test run that dies", () => {
  it.each(["SIGKILL", "SIGTERM"] as const)("by %s leaves no server and no folder", async (signal) => {
    const script = `
      import { startRedis } from "@tollbooth-stores/redis-testkit";
      const redis = await startRedis();
      console.log(redis.pid, (await redis.command("CONFIG", "GET", "dir"))[1]);
      setInterval(() => {}, 1000);`;
    const run = spawn(process.execPath, ["--input-type=module", "-e", script], {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const line = await new Promise<string>((resolve) => createInterface(run.stdout).once("line", resolve));
    const [pid = "", folder = ""] = line.split(" ");
    expect(isRunning(Number(pid))).toBe(true);
    run.kill(signal);
    await ends(Number(pid));
    while (existsSync(folder)) await delay(10);
  });
});

describe("findRedisServer", () => {
  it("finds a program that runs", async () => {
    expect(await findRedisServer()).toMatch(/(redis|valkey)-server$/);
  });
});
