// One port for several stores: the last one to close closes it.
import type { RedisPort } from "../redis-port.ts";

/** Each call takes a share of the port. A share's `close()` is idempotent. The last one calls `close`. */
export function sharedPort(port: RedisPort, close: () => Promise<void> = () => port.close()): () => RedisPort {
  let open = 0;
  return () => {
    open += 1;
    let closed = false;
    const { addresses, advice, connectionError, generation, isReady, security, sentinels, servers, tags, visit } = port;
    return {
      name: port.name,
      cluster: port.cluster,
      ready: (signal, keys) => port.ready(signal, keys),
      ...(isReady && { isReady: (keys) => isReady.call(port, keys) }),
      ...(generation && { generation: () => generation.call(port) }),
      ...(connectionError && { connectionError: (keys) => connectionError.call(port, keys) }),
      evalSha: (sha1, keys, args, signal) => port.evalSha(sha1, keys, args, signal),
      eval: (source, keys, args, signal) => port.eval(source, keys, args, signal),
      scan: (pattern, stepMs) => port.scan(pattern, stepMs),
      ...(servers && { servers: (stepMs) => servers.call(port, stepMs) }),
      ...(visit && { visit: (node, stepMs) => visit.call(port, node, stepMs) }),
      ...(addresses && { addresses: () => addresses.call(port) }),
      ...(sentinels && { sentinels: () => sentinels.call(port) }),
      ...(advice && { advice: () => advice.call(port) }),
      ...(security && { security: () => security.call(port) }),
      ...(tags && { tags: (signal) => tags.call(port, signal) }),
      async close() {
        if (closed) return;
        closed = true;
        open -= 1;
        if (open === 0) await close();
      },
    };
  };
}
