// The JSON Schema of a document, for editors. It is made from the tables that read the document, so the two agree.
import { blockAliases, blockKeys, ownTable, rootTable, sharedTable } from "./common-tables.ts";
import { keyvTable } from "./keyv-provider.ts";
import { memoryTable } from "./memory-provider.ts";
import { batchTable } from "./redis/batch-table.ts";
import { connectionTable } from "./redis/redis-connection.ts";
import { type JsonSchema, type Setting, schemaProperties, variableSchema } from "./settings.ts";
import { withDefinitions } from "./shared-definitions.ts";
import { timeoutTable } from "./timeout-table.ts";

type AnyTable = Readonly<Record<string, Setting<unknown>>>;

const redisTables: AnyTable = { ...connectionTable, ...timeoutTable, ...batchTable };

/** The options of every built-in provider. */
export const providerTables: Readonly<Record<string, AnyTable>> = {
  memory: { ...memoryTable },
  redis: redisTables,
  "node-redis": redisTables,
  ioredis: redisTables,
  keyv: { ...keyvTable },
};

const providerSchema: JsonSchema = { anyOf: [{ enum: Object.keys(providerTables) }, variableSchema] };

function withProvider(table: AnyTable): Record<string, JsonSchema> {
  const properties = schemaProperties(table);
  const { provider } = table;
  return provider === undefined
    ? properties
    : { ...properties, provider: { description: provider.about, ...providerSchema } };
}

const block = (properties: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema => ({
  type: "object",
  additionalProperties: false,
  properties,
  ...more,
});

/** The keys of a store's block, and the providers with which each may stand. */
function storeSchema(without: readonly string[], about: string): JsonSchema {
  const common: AnyTable = { ...sharedTable, ...ownTable };
  const own = Object.fromEntries(Object.entries(common).filter(([key]) => !without.includes(key)));
  const all: AnyTable = Object.assign({}, ...Object.values(providerTables), own);
  const fitting = Object.entries(providerTables).map(([name, table]) => ({
    anyOf: [
      { not: { properties: { provider: { const: name } }, required: ["provider"] } },
      { propertyNames: { enum: [...Object.keys(own), ...Object.keys(table)] } },
    ],
  }));
  return block(withProvider(all), { description: about, allOf: [...fitting, ...connectionRules] });
}

/** At most one address. */
const connectionRules: readonly JsonSchema[] = [
  { not: { required: ["url", "host"] } },
  { not: { required: ["url", "cluster"] } },
  { not: { required: ["url", "sentinel"] } },
  { not: { required: ["url", "port"] } },
  { not: { required: ["host", "cluster"] } },
  { not: { required: ["host", "sentinel"] } },
  { not: { required: ["cluster", "sentinel"] } },
];

/** The schema of the whole document. Keys beside `stores` belong to the application. */
export function jsonSchema(): JsonSchema {
  const providers = Object.entries(providerTables).map(([name, table]): [string, JsonSchema] => [
    name,
    block(schemaProperties({ ...sharedTable, ...table }), {
      description: `What the stores whose provider is ${name} have in common.`,
      ...(table === redisTables && { allOf: connectionRules }),
    }),
  ]);
  const aliases = Object.fromEntries(
    Object.values(blockAliases).map((alias) => [
      alias,
      storeSchema(["onUnavailable"], "The store of payment verifications: another name of verificationCache."),
    ]),
  );
  return withDefinitions({
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "tollbooth-stores",
    description: "A document that loadStores of @tollbooth-stores/config reads.",
    type: "object",
    required: ["stores"],
    properties: {
      stores: block({
        ...withProvider({ ...rootTable, ...sharedTable }),
        ...Object.fromEntries(providers),
        [blockKeys.rateLimits]: storeSchema(["maxValueBytes"], "The store of rate limits."),
        [blockKeys.sessions]: storeSchema(["onUnavailable"], "The store of sessions."),
        [blockKeys.verifications]: storeSchema(["onUnavailable"], "The store of payment verifications."),
        ...aliases,
      }),
    },
  });
}
