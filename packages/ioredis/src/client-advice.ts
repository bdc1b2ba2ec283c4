// Settings of a caller's ioredis client that can send a call late, or twice; and how its connections are secured.
import type { ClientAdvice, ConnectionSecurity } from "@tollbooth-stores/redis-protocol";
import type { IoredisClient } from "./ioredis-client.ts";

export function clientAdvice(client: IoredisClient): readonly ClientAdvice[] {
  const options = optionsOf(client);
  const found: ClientAdvice[] = [];
  if (options.autoResendUnfulfilledCommands !== false) {
    found.push({
      topic: "sent-again",
      message: "The ioredis client sends unanswered commands again after a reconnect, however late.",
      mend: "autoResendUnfulfilledCommands: false",
    });
  }
  if (options.enableOfflineQueue !== false) {
    found.push({
      topic: "queue",
      message: "The ioredis client queues commands while it has no connection, and sends them late.",
      mend: "enableOfflineQueue: false",
    });
  }
  const strategy = client.isCluster ? "clusterRetryStrategy" : "retryStrategy";
  if (typeof options[strategy] !== "function") {
    found.push({
      topic: "gives-up",
      message:
        "The ioredis client gives up after one lost connection: every paid request is answered 503 from then on.",
      mend: `Leave ${strategy} out, or give a function that returns milliseconds.`,
    });
  }
  return found;
}

export function clientSecurity(client: IoredisClient): ConnectionSecurity {
  const { tls, password } = optionsOf(client);
  const isVerified = fieldsOf(tls).rejectUnauthorized !== false;
  return {
    tls: Boolean(tls) && (isVerified || "unverified"),
    password: typeof password === "string" && password !== "",
  };
}

function optionsOf(client: IoredisClient): Readonly<Record<string, unknown>> {
  const own = fieldsOf(Reflect.get(client, "options"));
  return client.isCluster ? { ...own, ...fieldsOf(own.redisOptions) } : own;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
