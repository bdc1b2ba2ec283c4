// TLS of a Redis connection: `tls: true`, or a block that names certificates. Files are read and checked at once.
import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { RedisTls } from "@tollbooth-stores/redis-protocol";
import {
  file,
  flag,
  type JsonSchema,
  readSettings,
  type Setting,
  type SettingTable,
  schemaProperties,
  text,
} from "../settings.ts";
import type { BlockReader } from "../store-provider.ts";

interface TlsSettings {
  caFile: string;
  certFile: string;
  keyFile: string;
  servername: string;
  rejectUnauthorized: boolean;
}

export const tlsTable: SettingTable<TlsSettings> = {
  caFile: file(
    "PEM file of the authorities that the server's certificate is checked against, instead of the system's.",
  ),
  certFile: file("PEM file of this client's certificate, where the server asks for one; with keyFile."),
  keyFile: file("PEM file of the private key of certFile."),
  servername: text("The name that the server's certificate must have, where it is not the host."),
  rejectUnauthorized: flag("false: any certificate will do, so anyone in between can read and answer. Warned of."),
};

function readTls(reader: BlockReader): RedisTls | false | undefined {
  if (reader.kind("tls") !== "block") {
    const wanted = reader.flag("tls");
    return wanted === true ? {} : wanted;
  }
  const block = reader.block("tls");
  if (block === undefined) return undefined;
  const { caFile, certFile, keyFile, servername, rejectUnauthorized } = readSettings(block, tlsTable);
  if (block.has("certFile") && !block.has("keyFile")) block.problem("keyFile", "is needed with certFile");
  if (block.has("keyFile") && !block.has("certFile")) block.problem("certFile", "is needed with keyFile");
  checkPem(block, "caFile", () => caFile !== undefined && createSecureContext({ ca: requireCertificate(caFile) }));
  const certFits = checkPem(block, "certFile", () => {
    if (certFile !== undefined) createSecureContext({ cert: requireCertificate(certFile) });
  });
  const keyFits = checkPem(block, "keyFile", () => keyFile !== undefined && createSecureContext({ key: keyFile }));
  if (certFits && keyFits && certFile !== undefined && keyFile !== undefined) {
    checkPem(
      block,
      "keyFile",
      () => createSecureContext({ cert: certFile, key: keyFile }),
      "is not the key of certFile",
    );
  }
  if (rejectUnauthorized === false) {
    block.warning(
      "rejectUnauthorized",
      "the server's certificate is not checked; name its authority in caFile instead",
    );
  }
  return {
    ...(caFile !== undefined && { ca: caFile }),
    ...(certFile !== undefined && { cert: certFile }),
    ...(keyFile !== undefined && { key: keyFile }),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}

/** Node takes text without a certificate for an empty list: it would trust nothing and report nothing. */
function requireCertificate(pem: string): string {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error("no certificate");
  for (const block of blocks) new X509Certificate(block);
  return pem;
}

function checkPem(
  block: BlockReader,
  key: string,
  use: () => unknown,
  told = "holds no PEM that can be used",
): boolean {
  try {
    use();
    return true;
  } catch {
    block.problem(key, told);
    return false;
  }
}

const tlsSchema: JsonSchema = {
  anyOf: [
    { type: "boolean" },
    { enum: ["true", "false"] },
    { type: "string", pattern: "\\$\\{" },
    { type: "object", additionalProperties: false, properties: schemaProperties(tlsTable) },
  ],
};

/** TLS as a key of a connection; `{}` for `tls: true`. */
export const tlsSetting: Setting<RedisTls | false> = {
  about: "TLS with the system's authorities, or a block that names others.",
  schema: tlsSchema,
  read: (reader) => readTls(reader),
};
