// A real Redis as a production one is: TLS only, and one user with a password.
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Certificates, makeCertificates } from "./certificates.ts";
import type { RedisEndpoint } from "./resp-command.ts";
import { quoted } from "./server-process.ts";
import { type Listening, type RedisOptions, type RunningRedis, startListening } from "./start-redis.ts";

export interface TlsRedisOptions extends RedisOptions {
  /** Default "tollbooth". */
  username?: string | undefined;
  /** Default "a test's password". */
  password?: string | undefined;
}

/** An endpoint that always has a user, a password and an authority. */
export interface TlsEndpoint extends RedisEndpoint {
  readonly username: string;
  readonly password: string;
  readonly ca: string;
}

/**
 * Starts a Redis that listens for TLS only. The default user is off, but keeps its rights: without them Redis 7.0 drops transactions when
 * it loads its file.
 */
export async function startTlsRedis(options: TlsRedisOptions = {}): Promise<RunningRedis & TlsEndpoint> {
  const { users, listening } = tlsAccess(await makeCertificates(), options);
  return startListening({ ...options, users: { ...users, ...options.users } }, listening);
}

/** What a server needs for TLS only and for one user: servers of one system share it. */
export function tlsAccess(
  { ca, cert, key }: Certificates,
  { username = "tollbooth", password = "a test's password" }: Pick<TlsRedisOptions, "username" | "password">,
): { users: Readonly<Record<string, string>>; listening: Listening<TlsEndpoint> } {
  const login = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;
  // A password with a space could not stand in a rule; its hash can.
  const hash = createHash("sha256").update(password).digest("hex");
  return {
    users: { [username]: `on #${hash} ~* &* +@all`, default: "off ~* &* +@all" },
    listening: {
      endpoint: (port) => ({
        host: "127.0.0.1",
        port,
        url: `rediss://${login}@127.0.0.1:${port}`,
        username,
        password,
        ca,
      }),
      async listen(port, folder) {
        const file = async (name: string, text: string) => {
          await writeFile(join(folder, name), text);
          return join(folder, name);
        };
        return [
          "port 0",
          `tls-port ${port}`,
          "tls-auth-clients no",
          `tls-cert-file ${quoted(await file("server.crt", cert))}`,
          `tls-key-file ${quoted(await file("server.key", key))}`,
          `tls-ca-cert-file ${quoted(await file("ca.crt", ca))}`,
        ];
      },
    },
  };
}
