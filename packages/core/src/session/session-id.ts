// Session ids: how they are issued, which ids a caller may choose, and which keys belong to an id.
import { randomBytes } from "node:crypto";
import { invalidArgument } from "../errors.ts";
import { sha256 } from "../hashing.ts";

/** How many characters of a subject's pseudonym name the slot of its sessions. */
export const tagLength = 3;
const lineageBytes = 12;
const lineageLength = 16;
const secretBytes = 32;
/** 216 bits. With the default prefix a session's key then fills 64 bytes of Redis's memory, where 43 characters take 80. */
const hashLength = 36;
const longestChosenId = 1024;

/** `<tag><lineage>.<secret>`: an id that newId, create or rotate issued. */
const issued = /^[\w-]{19}\.[\w-]{43}$/;
/** `<tag>.<hash>`: stands for the id in a listing. */
const handlePattern = /^[\w-]{3}\.[\w-]{36}$/;

/** Where a session lives. It follows from the id alone. */
export interface SessionPlace {
  /** Names the slot: session, operations and subject index of one tag are together. */
  readonly tag: string;
  /** Kept by rotate, so that the remembered operations are found under every successor. */
  readonly lineage: string;
  /** The start of the SHA-256 of the id. The raw id is never stored. */
  readonly hash: string;
}

/** True for a string that looks like an id that newId, create or rotate issued. */
export function isIssuedId(id: unknown): id is string {
  return typeof id === "string" && issued.test(id);
}

/** A new id of 256 random bits. `tag`: 3 characters of the subject's pseudonym; random without a subject. */
export function issueId(tag: string = randomText(3).slice(0, tagLength)): string {
  return `${tag}${randomText(lineageBytes)}.${randomText(secretBytes)}`;
}

/** A new id of the same tag and lineage, with a secret of its own. */
export function successorId(place: SessionPlace): string {
  return `${place.tag}${place.lineage}.${randomText(secretBytes)}`;
}

/** The id itself. Throws unless it may follow the id of `old`: issued, of the same tag and lineage, and another one. */
export function requireSuccessor(id: string, old: SessionPlace): string {
  const place = isIssuedId(id) ? sessionLocation(id) : undefined;
  if (place?.tag === old.tag && place.lineage === old.lineage && place.hash !== old.hash) return id;
  throw invalidArgument("newId must come from newId({ replaces: id }), with the id of the session that is rotated.");
}

function randomText(bytes: number): string {
  return randomBytes(bytes).toString("base64url");
}

/**
 * The place of any string. An id that create would refuse (empty, longer than 1024 characters) has a place too, which
 * always stays empty: a forged cookie is an absent session, not an error. Throws STORE_INVALID_ARGUMENT only for what
 * is no string.
 */
export function sessionLocation(id: string): SessionPlace {
  if (typeof id !== "string") throw invalidArgument("A session id must be a string.");
  const hash = sha256(id).slice(0, hashLength);
  if (isIssuedId(id))
    return { tag: id.slice(0, tagLength), lineage: id.slice(tagLength, tagLength + lineageLength), hash };
  return { tag: hash.slice(0, tagLength), lineage: hash.slice(tagLength, tagLength + lineageLength), hash };
}

/** Throws STORE_INVALID_ARGUMENT for an empty or too long text, and for a value that is no text. */
export function requireChosenId(id: string): void {
  if (typeof id !== "string" || id.length === 0 || id.length > longestChosenId) {
    throw invalidArgument(`A session id of your own must be a string of 1 to ${longestChosenId} characters.`);
  }
}

/** Stands for a session whose id is not known. It opens nothing: only delete takes it. */
export function handleOf(place: Pick<SessionPlace, "tag" | "hash">): string {
  return `${place.tag}.${place.hash}`;
}

/** The place that a handle names; null for a string that is no handle. */
export function placeOfHandle(handle: string): Pick<SessionPlace, "tag" | "hash"> | null {
  if (typeof handle !== "string") throw invalidArgument("A session handle must be a string.");
  if (!handlePattern.test(handle)) return null;
  return { tag: handle.slice(0, tagLength), hash: handle.slice(tagLength + 1) };
}

/** The three kinds of keys of a session store. Those of one tag are in one slot. */
export interface SessionKeys {
  session(place: Pick<SessionPlace, "tag" | "hash">): string;
  operations(place: Pick<SessionPlace, "tag" | "lineage">): string;
  index(place: Pick<SessionPlace, "tag">): string;
}

export function sessionKeys(prefix: string): SessionKeys {
  return {
    session: ({ tag, hash }) => `${prefix}:{${tag}}:s:${hash}`,
    operations: ({ tag, lineage }) => `${prefix}:{${tag}}:o:${lineage}`,
    index: ({ tag }) => `${prefix}:{${tag}}:i`,
  };
}
