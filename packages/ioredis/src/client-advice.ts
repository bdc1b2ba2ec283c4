// Settings of a caller's ioredis client that can send a call late, or twice.
import type { ClientAdvice } from "@tollbooth-stores/redis-protocol";
import type { IoredisClient } from "./ioredis-client.ts";

export function clientAdvice(client: IoredisClient): readonly ClientAdvice[] {
  const own = fieldsOf(Reflect.get(client, "options"));
  const options = client.isCluster ? { ...own, ...fieldsOf(own.redisOptions) } : own;
  const found: ClientAdvice[] = [];
  if (options.autoResendUnfulfilledCommands !== false) {
    found.push({
      message: "The ioredis client sends unanswered commands again after a reconnect, however late.",
      mend: "autoResendUnfulfilledCommands: false",
    });
  }
  if (options.enableOfflineQueue !== false) {
    found.push({
      message: "The ioredis client queues commands while it has no connection, and sends them late.",
      mend: "enableOfflineQueue: false",
    });
  }
  return found;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
