// The `tls` option of a connection, checked: what Node's TLS would take for something else, or throw about without its name.
import { StoreError } from "@tollbooth-stores/core";
import { type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";

/** Options of a TLS connection, as in Node's `tls.connect`. Certificates and keys are PEM text, not paths. */
export interface RedisTls {
  /** The authorities to trust, instead of the system's. */
  ca?: string | readonly string[] | undefined;
  /** This client's certificate, where the server asks for one; with `key`. */
  cert?: string | undefined;
  /** The private key of `cert`. */
  key?: string | undefined;
  passphrase?: string | undefined;
  /** The name that the server's certificate must have, where it is not the host. */
  servername?: string | undefined;
  /** false: any certificate is accepted, so an attacker on the way can read and answer. */
  rejectUnauthorized?: boolean | undefined;
}

export type ResolvedTls = { ca?: string[] } & Omit<{ [K in keyof RedisTls]?: NonNullable<RedisTls[K]> }, "ca">;

const tlsNames: OptionNames<RedisTls> = {
  ca: true,
  cert: true,
  key: true,
  passphrase: true,
  servername: true,
  rejectUnauthorized: true,
};

/** `name`: the option, e.g. "connection.tls". Throws STORE_CONFIG, which names the mistake and holds none of the value. */
export function resolveTls(tls: RedisTls, name: string): ResolvedTls {
  requireKnownOptions(tls, tlsNames, name);
  const { ca, cert, key, passphrase, servername, rejectUnauthorized } = tls;
  if (rejectUnauthorized !== undefined && typeof rejectUnauthorized !== "boolean") {
    throw wrong(`\`${name}.rejectUnauthorized\` must be true or false.`);
  }
  const resolved = {
    ...(ca === undefined ? {} : { ca: authorities(ca, `${name}.ca`) }),
    ...(cert === undefined ? {} : { cert: requirePem(cert, `${name}.cert`) }),
    ...(key === undefined ? {} : { key: requirePem(key, `${name}.key`) }),
    ...(passphrase === undefined ? {} : { passphrase: requireText(passphrase, `${name}.passphrase`) }),
    ...(servername === undefined ? {} : { servername: requireText(servername, `${name}.servername`) }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
  if (cert !== undefined && key === undefined) throw wrong(`\`${name}.key\` is needed with \`${name}.cert\`.`);
  if (key !== undefined && cert === undefined) throw wrong(`\`${name}.cert\` is needed with \`${name}.key\`.`);
  return resolved;
}

/** Text of an option. Empty text is a variable that is empty, more often than not. */
export function requireText(text: unknown, name: string): string {
  if (typeof text === "string" && text !== "") return text;
  throw wrong(`\`${name}\` must be text that is not empty; leave it out where there is none.`);
}

/** Of an empty list Node would make no authorities at all: no server would be trusted. */
function authorities(ca: unknown, name: string): string[] {
  const list: readonly unknown[] = typeof ca === "string" ? [ca] : Array.isArray(ca) ? ca : [];
  if (list.length === 0) throw wrong(`\`${name}\` must be PEM text, or a list of such that is not empty.`);
  return list.map((each) => requirePem(each, name));
}

/** Node takes a path for an empty list of certificates, and would trust no server without saying why. */
function requirePem(text: unknown, name: string): string {
  if (typeof text === "string" && text.includes("-----BEGIN ")) return text;
  throw wrong(`\`${name}\` must be PEM text, not a path; read the file: readFileSync(path, "utf8").`);
}

function wrong(message: string): StoreError {
  return new StoreError("STORE_CONFIG", message);
}
