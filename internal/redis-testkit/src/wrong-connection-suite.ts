// One server: the wrong address, protocol, certificate, login or database, and one that takes no more connections.
import { once } from "node:events";
import { connect } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { check, connectionScene, worksAgain } from "./connection-scene.ts";
import { freePort } from "./free-port.ts";
import type { SharedRedis } from "./global-setup.ts";
import { startRedis } from "./start-redis.ts";
import { until } from "./until.ts";
import { SECRET, type WrongConnection, wrongConnections } from "./wrong-connection.ts";

const request = { token: "t", fingerprint: "f", leaseMs: 30_000, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;

/** Registers the tests. */
export function wrongConnectionSuite<Client>(provider: ClientProvider<Client>, { single, tls }: SharedRedis): void {
  const login = { username: tls.username, password: tls.password };
  const cases: readonly WrongConnection[] = [
    {
      name: "where nothing listens on the port",
      to: async () => ({ host: "127.0.0.1", port: await freePort(), password: SECRET }),
      says: [/ECONNREFUSED/, /`port`/],
    },
    {
      name: "where the host's name is unknown",
      to: () => ({ url: `redis://:${SECRET}@no-such-host.invalid` }),
      says: [/host's name is not known/, /`url`/],
    },
    {
      name: "where the password is wrong",
      to: async ({ owned }) => {
        const { host, port } = await owned(startRedis({ requirepass: "another" }));
        return { host, port, password: SECRET };
      },
      says: [/refused the username or password/, /`password`/],
      atOnce: true,
    },
    {
      name: "where there is no such user",
      to: () => ({ host: single.host, port: single.port, username: "stranger", password: SECRET }),
      says: [/refused the username or password/, /`username`/],
      atOnce: true,
    },
    {
      name: "where the password is missing",
      to: async ({ owned }) => {
        const { host, port } = await owned(startRedis({ requirepass: SECRET }));
        return { host, port };
      },
      says: [/asks for authentication/, /`password`/],
      atOnce: true,
    },
    {
      name: "where there is no such database",
      to: () => ({ url: `redis://${single.host}:${single.port}/99` }),
      says: [/no such database/, /`db`/],
      atOnce: true,
    },
    {
      name: "where TLS is spoken to a plain port",
      to: () => ({ host: single.host, port: single.port, password: SECRET, tls: true }),
      says: [/TLS/, /`tls`/],
    },
    {
      name: "where a TLS port is spoken to without TLS",
      to: () => ({ host: tls.host, port: tls.port, password: SECRET }),
      says: [/want TLS/, /`tls`, or rediss:\/\//],
    },
    {
      name: "where the certificate is another authority's",
      to: () => ({ host: tls.host, port: tls.port, ...login, tls: true }),
      says: [/certificate is not trusted/, /`tls\.ca`/],
      atOnce: true,
    },
    {
      name: "where the certificate is for another name",
      to: () => ({ host: tls.host, port: tls.port, ...login, tls: { ca: tls.ca, servername: "redis.example" } }),
      says: [/certificate is for another name/, /`tls\.servername`/],
      atOnce: true,
    },
    {
      name: "where the server takes no more connections",
      async to({ owned }) {
        const redis = await owned(startRedis());
        await redis.command("CONFIG", "SET", "maxclients", "1");
        // The connection of the command before may still count, and this one be refused for it.
        await until(async () => {
          const last = connect(redis.port, redis.host);
          last.on("error", () => {});
          last.write("PING\r\n");
          const [answer] = await once(last, "data");
          if (!String(answer).includes("PONG")) return false;
          await owned(Promise.resolve({ close: async () => void last.destroy() }));
          return true;
        });
        return { url: redis.url };
      },
      says: [/maxclients/],
    },
  ];
  wrongConnections(provider, cases);

  it(`${provider.name} works where the server's owner has disabled HELLO, INFO and CLIENT`, async () => {
    const scene = connectionScene(provider, onTestFinished);
    const config = ["HELLO", "INFO", "CLIENT"].map((command) => `rename-command ${command} ""`);
    const redis = await scene.owned(startRedis({ config, requirepass: "password" }));
    for (const command of ["HELLO", "INFO", "CLIENT"]) {
      await expect(redis.command(command)).rejects.toThrow("unknown command");
    }
    const stores = await scene.connected({ url: `${redis.url}/1` }, { commandTimeoutMs: 5_000 });
    await stores.check();
    await stores.rateLimits.consume(check);
    const claim = await stores.verifications.claim("key", request);
    if (claim.status !== "claimed") throw new Error("not claimed");
    const waited = stores.verifications.wait("key", { timeoutMs: 10_000 });
    const startMs = performance.now();
    await stores.verifications.release("key", claim.lease);
    await waited;
    expect(performance.now() - startMs).toBeLessThan(1_000);
    await redis.restart();
    await worksAgain(stores, 3_000);
  });
}
