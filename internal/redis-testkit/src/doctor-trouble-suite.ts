// An examination names servers that take no call, ports that are no Redis, and users without rights. It only reads.
import type { Socket } from "node:net";
import { type Finding, neededCommands } from "@tollbooth-stores/redis-protocol";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { connectionScene } from "./connection-scene.ts";
import { checksOf, type DoctorScene, doctorScene, foundBy, good } from "./doctor-scene.ts";
import { isRedis7OrNewer } from "./find-server.ts";
import { startNetProxy } from "./net-proxy.ts";
import type { RunningRedis } from "./start-redis.ts";
import { startSentinel } from "./start-sentinel.ts";
import { startStandIn } from "./start-stand-in.ts";
import { startTlsRedis } from "./start-tls-redis.ts";
import { until } from "./until.ts";

/** Redis 6.2 has no ACL DRYRUN: rights are tried there, by commands that change nothing. */
const isNewer = await isRedis7OrNewer();

/** As INFO counts them; without their subcommands by Redis 6.2. */
const reads = new Set([
  ...(isNewer ? [] : neededCommands),
  ...["acl|whoami", "acl|list", "acl|dryrun", "info", "config|get", "cluster|info", "time", "scan", "pttl"],
  ...["memory|usage", "auth", "evalsha"],
]);
const own = ["config|resetstat"];

/** Registers the tests. `borrow`: a client of the caller's, with its library's default settings. */
export function doctorTroubleSuite<Client>(
  provider: ClientProvider<Client>,
  borrow: (endpoint: RunningRedis) => Client,
): void {
  const scene = (): DoctorScene => doctorScene(provider, onTestFinished);
  const asApp = ({ host, port }: RunningRedis) => ({ url: `redis://app:app@${host}:${port}` });
  const app = ["ACL", "SETUSER", "app", "reset", "on", ">app"] as const;

  describe(`an examination through ${provider.name} of a server in trouble`, () => {
    it("only reads", async () => {
      const { started, examined } = scene();
      const redis = await started(good);
      await redis.command("SET", "tollbooth:verify:{a}:c", "x", "EX", "600");
      const state = async () => [await redis.command("DBSIZE"), await redis.command("CONFIG", "GET", "*")];
      const before = await state();
      await redis.command("CONFIG", "RESETSTAT");
      expect(foundBy(await examined({ url: redis.url }), "keys")).toHaveLength(3);
      const counted = String(await redis.command("INFO", "commandstats")).matchAll(
        // Redis 6.2 has a line of each command that was refused, too.
        /^cmdstat_([^:]+):calls=[1-9]/gm,
      );
      const sent = [...counted].flatMap(([, name = ""]) => (own.includes(name) ? [] : [name]));
      expect(sent).toEqual(expect.arrayContaining(["info", "scan", "evalsha"]));
      const isRead = (name: string) => [...reads].some((read) => read === name || read.startsWith(`${name}|`));
      expect(sent.filter((name) => !isRead(name))).toEqual([]);
      expect(await state()).toEqual(before);
    });

    it("finds that a user may run no script, or none on the stores' keys, also where nothing else can be asked", async () => {
      const { started, examined } = scene();
      const redis = await started(good);
      const all = isNewer ? ["+@all", "-acl", "-info", "-config"] : ["+evalsha"];
      for (const rules of [
        ["~*", "+ping"],
        ["~other:*", ...all],
      ]) {
        await redis.command(...app, ...rules);
        const found = await examined(asApp(redis));
        expect(foundBy(found, "rights")).toMatchObject([{ level: "error", message: expect.stringMatching(/503/) }]);
        expect(checksOf(found, "error")).toEqual(["rights"]);
      }
      await redis.command(...app, "~tollbooth:*", "+evalsha", "+eval");
      expect(foundBy(await examined(asApp(redis)), "rights")).toMatchObject([
        { level: "error", message: expect.stringMatching(/: del, exists, get, .* zscore\. /) },
      ]);
    });

    it("says that a server takes longer for an answer than a call may", async () => {
      const { started, examined } = scene();
      const redis = await started(good);
      const proxy = await startNetProxy(redis);
      onTestFinished(() => proxy.close());
      proxy.delay(40);
      const far = { host: proxy.host, port: proxy.port, password: "secret" };
      const found = async (commandTimeoutMs: number) =>
        foundBy(await examined(far, { criticalOnly: true, commandTimeoutMs }), "round trip");
      expect(await found(30)).toMatchObject([
        { level: "error", message: expect.stringMatching(/30 ms \(commandTimeoutMs\): every call fails/) },
      ]);
      expect(await found(60)).toMatchObject([
        { level: "warning", message: expect.stringMatching(/60 ms \(commandTimeoutMs\): one that needs two fails/) },
      ]);
    });

    it("says that a server's writes are paused, and what it knows all the same", async () => {
      const { started, examined } = scene();
      const redis = await started(good);
      await redis.command("CLIENT", "PAUSE", "60000", "WRITE");
      const found = await examined({ url: redis.url }, { askTimeoutMs: 400 });
      await redis.command("CLIENT", "UNPAUSE");
      expect(foundBy(found, "reachable")).toMatchObject([
        { level: "error", message: expect.stringMatching(/writes are paused.*nothing is sold/) },
      ]);
      expect(checksOf(found, "unknown")).toEqual(["rights"]);
    });

    it("keeps the rights that it knows where a server hangs at SCAN", async () => {
      const { started, examined } = scene();
      const redis = await started(good);
      const proxy = await startNetProxy(redis);
      onTestFinished(() => proxy.close());
      const hang = (_: Buffer, request: Buffer) => {
        if (request.includes("\r\nCOUNT")) proxy.freeze();
        return false;
      };
      proxy.dropReply({ when: hang });
      const at = { host: proxy.host, port: proxy.port, password: "secret" };
      const found = await examined(at, { askTimeoutMs: 400 });
      expect(foundBy(found, "reachable")).toMatchObject([
        { level: "error", message: expect.stringMatching(/did not answer SCAN within 400 ms/) },
      ]);
      expect(foundBy(found, "rights")).toMatchObject([{ level: "ok" }]);
      expect(checksOf(found, "unknown")).toEqual(["keys"]);
    });

    it("leaves no entry in the server's ACL log but at the first of several examinations", async () => {
      const { started, examined } = scene();
      const redis = await started(good);
      await redis.command(...app, "~*", "+@all", "-info", "-config", "-acl", "-cluster");
      const refused = new Map<string, unknown>();
      const entries = async () => {
        await redis.command("ACL", "LOG", "RESET");
        await examined(asApp(redis), { criticalOnly: true, refused });
        // A connection asks for INFO at its login.
        return String(await redis.command("ACL", "LOG")).match(/\b(config|acl|cluster)\b/g) ?? [];
      };
      expect(new Set(await entries())).toEqual(new Set(["config", "acl", "cluster"]));
      expect(await entries()).toEqual([]);
    });

    it("says that a server is busy with a script, or loading", async () => {
      const { started, examined } = scene();
      const redis = await started({ ...good, config: ["appendonly no", "lua-time-limit 20", ...debugging] });
      const busy = "local t = redis.call('TIME')[1] while redis.call('TIME')[1] - t < 60 do end";
      const killed = expect(redis.command("EVAL", busy, "0")).rejects.toThrow(/killed/i);
      const isBusy = () =>
        redis.command("PING").then(
          () => false,
          (error: unknown) => String(error).includes("BUSY"),
        );
      await until(isBusy);
      expect(await examined({ url: redis.url })).toContainEqual(away(/busy with another script/));
      await redis.command("SCRIPT", "KILL");
      await killed;
      // Redis 6.2 answers nothing while it loads so little.
      if (!isNewer) return;
      await redis.command("EVAL", "for i = 1, 3000 do redis.call('SET', 'k' .. i, 'x') end", "0");
      await redis.command("CONFIG", "SET", "key-load-delay", "2000");
      await redis.command("CONFIG", "SET", "loading-process-events-interval-bytes", "1024");
      const loading = redis.command("DEBUG", "RELOAD");
      await until(async () => /loading:1/.test(String(await redis.command("INFO", "persistence"))));
      const found = await examined({ url: redis.url });
      await redis.command("CONFIG", "SET", "key-load-delay", "0");
      expect(found).toContainEqual(away(/still loading/));
      await loading;
    });

    it("says that a borrowed client has no login", async () => {
      const { started } = scene();
      const redis = await started(good);
      const client = borrow({ ...redis, url: `redis://${redis.host}:${redis.port}` });
      const { examineRedis } = await import("@tollbooth-stores/redis-protocol");
      const port = provider.create.port({ client });
      onTestFinished(() => port.close());
      const found = await examineRedis(port, { keeps: "money", prefixes: ["tollbooth:rl"], connectTimeoutMs: 1_000 });
      expect(found).toContainEqual(away(/asks for authentication/));
      expect(checksOf(found, "unknown")).toEqual([]);
    });

    it("says that a server is silent, is no Redis, or is a Sentinel, within its time", async () => {
      const { started, examined } = scene();
      const frozen = await started({});
      await frozen.kill("SIGSTOP");
      onTestFinished(() => frozen.kill("SIGCONT"));
      const sentinel = await connectionScene(provider, onTestFinished).owned(startSentinel(frozen));
      const web = await listening((socket) => socket.on("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
      const closing = await listening((socket) => socket.destroy());
      // Answers to all that is asked, and of no kind that was asked for.
      const babbling = await listening((socket) => socket.on("data", (words) => socket.write(fineFor(words))));
      for (const [connection, mend] of [
        [{ url: frozen.url }, /has not answered/],
        [{ url: web }, /not a Redis/],
        [{ url: closing }, /closed the connection/],
        [{ url: babbling }, /not a Redis/],
        [{ url: sentinel.url }, /sentinel/],
      ] as const) {
        const began = performance.now();
        const found = await examined(connection, { connectTimeoutMs: 1_000 });
        expect(performance.now() - began).toBeLessThan(2_500);
        expect(found.filter(({ level }) => level === "error")).toContainEqual(
          expect.objectContaining({
            message: expect.stringContaining("nothing is sold"),
            mend: expect.stringMatching(mend),
          }),
        );
      }
    });

    it("tells whether the way to the server is encrypted, and whether its certificate is checked", async () => {
      const { started, examined } = scene();
      const tls = await connectionScene(provider, onTestFinished).owned(startTlsRedis());
      const plain = await started({ config: ["bind 0.0.0.0", "protected-mode no"] });
      const { url, ca } = tls;
      const found = async (connection: Parameters<typeof examined>[0]) =>
        foundBy(await examined(connection, { criticalOnly: true }), "tls").map(({ level }) => level);
      expect(await found({ url, tls: { ca } })).toEqual(["ok"]);
      expect(await found({ url, tls: { rejectUnauthorized: false } })).toEqual(["warning"]);
      expect(await found({ url: plain.url })).toEqual(["ok"]);
      // By a name that is not the loopback's.
      expect(await found({ host: "0.0.0.0", port: plain.port })).toEqual(["warning"]);
      expect(await examined({ url })).toMatchObject(
        [{ check: "reachable", level: "error", mend: /not trusted/ }].map(matching),
      );
    });
  });
}

/** Redis 6.2 has no such setting, and needs none. */
const debugging = isNewer ? ["enable-debug-command yes"] : [];

const matching = ({ mend, ...rest }: { check: string; level: string; mend: RegExp }) => ({
  ...rest,
  mend: expect.stringMatching(mend),
});

const away = (mend: RegExp): unknown =>
  expect.objectContaining({
    check: "reachable",
    level: "error",
    message: expect.stringContaining("nothing is sold"),
    mend: expect.stringMatching(mend),
  } satisfies Partial<Record<keyof Finding, unknown>>);

const listening = async (serve: (socket: Socket) => unknown) =>
  `redis://127.0.0.1:${await startStandIn(serve, onTestFinished)}`;

const fineFor = (words: Buffer) => "+OK\r\n".repeat(words.toString().match(/^\*\d/gm)?.length ?? 0);
