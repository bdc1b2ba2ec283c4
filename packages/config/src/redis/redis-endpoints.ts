// Hosts and ports of Redis servers as a document writes them: one text, or a list.
import { parseEndpoint, type RedisEndpoint } from "@tollbooth-stores/redis-protocol";
import {
  integer,
  type JsonSchema,
  readSettings,
  type Setting,
  type SettingTable,
  schemaProperties,
  text,
} from "../settings.ts";
import type { BlockReader } from "../store-provider.ts";

export const portRange = { min: 1, max: 65_535 };

/** Nodes: one text, or a list of texts and of blocks with host and port. */
export function endpoints(about: string, defaultPort: number): Setting<readonly RedisEndpoint[]> {
  const one: JsonSchema = {
    anyOf: [
      { type: "string", minLength: 1 },
      {
        type: "object",
        additionalProperties: false,
        properties: schemaProperties(endpointTable),
        required: ["host"],
      },
    ],
  };
  return {
    about,
    schema: {
      anyOf: [
        { type: "string", minLength: 1 },
        { type: "array", items: one, minItems: 1 },
      ],
    },
    read: (reader, key) => readEndpoints(reader, key, defaultPort),
  };
}

const endpointTable: SettingTable<RedisEndpoint> = {
  host: text("A host name or address, without a port."),
  port: integer("Its port.", portRange),
};

function readEndpoints(reader: BlockReader, key: string, defaultPort: number): readonly RedisEndpoint[] | undefined {
  const found: RedisEndpoint[] = [];
  for (const entry of reader.entries(key) ?? []) {
    if (typeof entry !== "string") {
      const { host, port = defaultPort } = readSettings(entry, endpointTable);
      if (!entry.has("host")) entry.problem("host", "is needed");
      if (host !== undefined && isHost(entry, host)) found.push({ host, port });
      continue;
    }
    // One variable may hold all of them: "a:6379,b:6379".
    for (const part of entry.split(",")) {
      const endpoint = parseEndpoint(part.trim(), defaultPort);
      if (endpoint === undefined)
        reader.problem(key, "must be host:port, or a list of such; credentials stand beside it");
      else found.push(endpoint);
    }
  }
  return found.length === 0 ? undefined : found;
}

/** Tells the reader of a host that holds more than a host. */
export function isHost(reader: BlockReader, host: string): boolean {
  if (!/[\s\p{Cc},;\\/@[\]]|^[^:]*:[^:]*$/u.test(host)) return true;
  reader.problem("host", "must be a host name or address alone; a port goes into port, a URL into url");
  return false;
}
