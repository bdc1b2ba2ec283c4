// Certificates from files: read, checked, and handed on as text.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isStoreError } from "@tollbooth-stores/core";
import { makeCertificates } from "@tollbooth-stores/redis-testkit";
import { afterAll, expect, it } from "vitest";
import { loadStores } from "../load-stores.ts";
import { fakeClient } from "./fake-client.test-support.ts";

const folder = mkdtempSync(join(tmpdir(), "tollbooth-tls-"));
const { ca, cert, key } = await makeCertificates();
const other = await makeCertificates();
const files = {
  "ca.pem": ca,
  "cert.pem": cert,
  "key.pem": key,
  "other-key.pem": other.key,
  "empty.pem": "",
  "noise.pem": "-----BEGIN CERTIFICATE-----\nx\n",
};
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
afterAll(() => rmSync(folder, { recursive: true }));

async function tlsOf(tls: unknown): Promise<unknown> {
  const client = fakeClient();
  await loadStores(
    { stores: { provider: "redis", redis: { host: "a.test", tls } } },
    { providers: [client.provider], onWarning: () => {} },
  );
  return client.opened[0]?.connection.tls;
}

async function refusal(tls: unknown): Promise<string[]> {
  const error: unknown = await tlsOf(tls).catch((thrown: unknown) => thrown);
  if (!isStoreError(error, "STORE_CONFIG")) throw error;
  expect(error.message).not.toContain(folder);
  return error.message
    .split("\n")
    .slice(1)
    .map((line) => line.replace("- stores.redis.tls", "tls"));
}

const at = (name: string) => join(folder, name);

it("true means the system's authorities", async () => {
  expect(await tlsOf(true)).toEqual({});
  expect(await tlsOf("true")).toEqual({});
  expect(await tlsOf({})).toEqual({});
  expect(await tlsOf(false)).toBeUndefined();
});

it("hands on what the files hold", async () => {
  expect(
    await tlsOf({ caFile: at("ca.pem"), certFile: at("cert.pem"), keyFile: at("key.pem"), servername: "localhost" }),
  ).toEqual({ ca: [ca], cert, key, servername: "localhost" });
});

it("starts relative paths at the configuration file", async () => {
  const path = at("gateway.yaml");
  writeFileSync(path, "stores:\n  provider: redis\n  redis: { url: 'rediss://a.test', tls: { caFile: ./ca.pem } }\n");
  const client = fakeClient();
  const stores = await loadStores(path, { providers: [client.provider] });
  expect(client.opened[0]?.connection.tls).toEqual({ ca: [ca] });
  expect(stores.describe().sessions.settings).toMatchObject({ "tls.caFile": "./ca.pem" });
});

it("starts them where code says, for a document that code has read", async () => {
  const client = fakeClient();
  const document = { stores: { provider: "redis", redis: { host: "a.test", tls: { caFile: "ca.pem" } } } };
  await loadStores(document, { providers: [client.provider], folder });
  expect(client.opened[0]?.connection.tls).toEqual({ ca: [ca] });
});

it.each([
  [{ caFile: at("missing.pem") }],
  [{ caFile: folder }],
  [{ caFile: at("empty.pem") }],
  [{ caFile: at("noise.pem") }],
  [{ caFile: ca }],
  [{ certFile: at("cert.pem") }],
  [{ keyFile: at("key.pem") }],
  [{ certFile: at("cert.pem"), keyFile: at("other-key.pem") }],
  [{ certFile: at("key.pem"), keyFile: at("cert.pem") }],
  [{ ca: "x", cafile: "y" }],
  [{ rejectUnauthorized: "no" }],
])("refuses what cannot be used %#", async (tls) => {
  expect(await refusal(tls)).toMatchSnapshot();
});

it("never leaves a certificate unchecked silently", async () => {
  const client = fakeClient();
  const heard: string[] = [];
  const stores = await loadStores(
    { stores: { provider: "redis", keySecret: "s", redis: { host: "a.test", tls: { rejectUnauthorized: false } } } },
    { providers: [client.provider], onWarning: (message) => void heard.push(message) },
  );
  expect(client.opened[0]?.connection.tls).toEqual({ rejectUnauthorized: false });
  expect(heard).toEqual([
    "stores.redis.tls.rejectUnauthorized: the server's certificate is not checked; name its authority in caFile instead",
  ]);
  expect(stores.describe().warnings).toEqual(heard);
});
