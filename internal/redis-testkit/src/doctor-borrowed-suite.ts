// What an examination says over a client of the caller's: of its settings, and with a key prefix of its own.
import { examineRedis } from "@tollbooth-stores/redis-protocol";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { checksOf, doctorScene, foundBy, good, prefixes } from "./doctor-scene.ts";
import type { RedisEndpoint } from "./resp-command.ts";

/** Registers the tests. `borrow`: a client with its library's default settings. `own`: empty where it has no key prefix. */
export function doctorBorrowedSuite<Client>(
  provider: ClientProvider<Client>,
  borrow: (endpoint: RedisEndpoint, options?: { keyPrefix?: string }) => Client,
  own = "app:",
): void {
  const examined = (client: Client) => {
    const port = provider.create.port({ client });
    onTestFinished(() => port.close());
    return examineRedis(port, { keeps: "money", prefixes });
  };

  describe(`an examination through a ${provider.name} client of the caller's`, () => {
    it("warns of a client that sends calls late, and finds nothing else wrong", async () => {
      const redis = await doctorScene(provider, onTestFinished).started(good);
      const found = await examined(borrow(redis));
      expect(checksOf(found, "error")).toEqual([]);
      expect(foundBy(found, "client")).toContainEqual(
        expect.objectContaining({ level: "warning", mend: expect.stringMatching(/OfflineQueue/) }),
      );
      expect(found).toContainEqual(expect.objectContaining({ check: "version", level: "ok", server: "primary 1" }));
      // Such a client does not tell where the server is.
      expect(foundBy(found, "tls")).toMatchObject([{ level: "warning" }]);
    });

    it("looks at the keys and the rights under the client's own prefix", async () => {
      const redis = await doctorScene(provider, onTestFinished).started(good);
      await redis.command("SET", `${own}tollbooth:verify:{a}:c`, "x");
      if (own !== "") await redis.command("SET", "tollbooth:rl:{a}", "x");
      await redis.command("ACL", "SETUSER", "app", "on", ">app", `~${own}tollbooth:*`, "+@all");
      const url = `redis://app:app@${redis.host}:${redis.port}`;
      const found = await examined(borrow({ ...redis, url }, { keyPrefix: own }));
      expect(foundBy(found, "keys").map(({ level }) => level)).toEqual(["ok", "ok", "error"]);
      expect(foundBy(found, "keys")[2]?.message).toContain(
        `1 of 1 key looked at under ${own}tollbooth:verify has no end`,
      );
      expect(foundBy(found, "rights")).toMatchObject([{ level: "ok" }]);
    });
  });
}
