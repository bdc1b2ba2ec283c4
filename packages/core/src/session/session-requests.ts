// Turns a caller's request into a transition's arguments: all checked and encoded before anything is sent.
import { randomInt } from "node:crypto";
import { requireDurationMs } from "../durations.ts";
import { invalidArgument } from "../errors.ts";
import type { Pseudonymizer } from "../hashing.ts";
import { operationHash } from "./applied-operations.ts";
import { requireRoom } from "./quota-bounds.ts";
import {
  isIssuedId,
  issueId,
  requireChosenId,
  requireSuccessor,
  type SessionKeys,
  type SessionPlace,
  sessionLocation,
  successorId,
  tagLength,
} from "./session-id.ts";
import {
  checkedAmount,
  checkedQuotaName,
  checkedQuotas,
  checkedText,
  checkedTtls,
  requireEnd,
} from "./session-input.ts";
import type { NewIdOptions, NewSession, SessionStore } from "./session-store.ts";
import type { SessionValues } from "./session-values.ts";
import type { CreateArguments, SessionDraft } from "./transitions/create-session.ts";
import type { CreditArguments } from "./transitions/credit-session.ts";
import type { DebitArguments } from "./transitions/debit-session.ts";

/** What the requests are checked and encoded with. */
export interface RequestContext {
  readonly keys: SessionKeys;
  readonly values: SessionValues;
  /** One for each secret. The first is for writes. */
  readonly pseudonymizers: readonly [Pseudonymizer, ...Pseudonymizer[]];
  readonly defaultIdleTtlMs: number | undefined;
  /** For data and quotas together. */
  readonly maxValueBytes: number;
}

/** A random 48-bit number, 1 or more. So a version of an earlier session under the same id will not match. */
function firstVersion(): number {
  return randomInt(1, 2 ** 48);
}

/** An id for a session to come. */
export function newIdRequest(
  { pseudonymizers: [pseudonym] }: Pick<RequestContext, "pseudonymizers">,
  { subject, replaces }: NewIdOptions = {},
): string {
  if (replaces === undefined) {
    return issueId(subject === undefined ? undefined : pseudonym(checkedText(subject, "subject")).slice(0, tagLength));
  }
  if (subject !== undefined) throw invalidArgument("An id that replaces another one keeps its subject; leave it out.");
  requireChosenId(replaces);
  return successorId(sessionLocation(replaces));
}

/** The id after a rotation: the caller's, if it fits, or a newly issued one. */
export function successorRequest(old: SessionPlace, newId: string | undefined): string {
  return newId === undefined ? successorId(old) : requireSuccessor(newId, old);
}

/**
 * The subject's pseudonym for writes. With an id: the pseudonym, under any of the secrets, whose tag the id has; so an id
 * that was issued before the secret was changed is still taken.
 */
function ownerOf(
  subject: string,
  id: string | undefined,
  [forWrites, ...others]: RequestContext["pseudonymizers"],
): { subject: string; hash: string } {
  const text = checkedText(subject, "subject");
  if (id === undefined) return { subject, hash: forWrites(text) };
  if (!isIssuedId(id)) {
    throw invalidArgument("A session with an id of your own takes no subject; take an id from newId({ subject }).");
  }
  const hash = [forWrites, ...others]
    .map((pseudonym) => pseudonym(text))
    .find((pseudonym) => pseudonym.startsWith(sessionLocation(id).tag));
  if (hash === undefined) {
    throw invalidArgument("This id was not issued for this subject; take one from newId({ subject }).");
  }
  return { subject, hash };
}

/** A new session, under the caller's id or a newly issued one. */
export function createRequest<T>(
  { keys, values, pseudonymizers, defaultIdleTtlMs, maxValueBytes }: RequestContext,
  input: NewSession<T> & { id?: string | undefined },
): { id: string; place: SessionPlace; draft: CreateArguments } {
  const { id: given, subject } = input;
  if (given !== undefined) requireChosenId(given);
  const owner = subject === undefined ? undefined : ownerOf(subject, given, pseudonymizers);
  const ttls = checkedTtls(input, defaultIdleTtlMs);
  requireEnd(ttls);
  const id = given ?? issueId(owner?.hash.slice(0, tagLength));
  const place = sessionLocation(id);
  const key = keys.session(place);
  const payload = values.encode(input.data, key);
  const quotas = checkedQuotas(input.quotas, 0n);
  if (quotas !== undefined) requireRoom(payload, quotas, maxValueBytes);
  const draft: CreateArguments = {
    ...ttls,
    hash: place.hash,
    version: firstVersion(),
    payload,
    quotas,
    subject: owner && { hash: owner.hash, payload: values.encodeSubject(owner.subject, key) },
  };
  return { id, place, draft };
}

type Grant<T> = Parameters<SessionStore<T>["credit"]>[1];

export function creditRequest<T>(
  context: RequestContext,
  id: string,
  place: SessionPlace,
  grant: Grant<T>,
): CreditArguments {
  const quotas = checkedQuotas(grant.quotas, 1n);
  if (grant.extendMs !== undefined) requireDurationMs(grant.extendMs, "extendMs");
  else if (!quotas?.size) throw invalidArgument("A credit must add something: give extendMs, quotas or both.");
  if (quotas !== undefined) requireRoom("", quotas, context.maxValueBytes);
  return {
    hash: place.hash,
    operation: operationHash("credit", checkedText(grant.opId, "opId")),
    extendMs: grant.extendMs,
    quotas,
    maxValueBytes: context.maxValueBytes,
    createWith: boughtDraft(context, id, place, grant),
  };
}

/** The session that createWith makes where there is none. Undefined for an id that only the store may issue. */
function boughtDraft<T>(
  { keys, values }: RequestContext,
  id: string,
  place: SessionPlace,
  { createWith, extendMs }: Grant<T>,
): SessionDraft | undefined {
  if (createWith === undefined) return undefined;
  if ("subject" in createWith || "quotas" in createWith) {
    throw invalidArgument("createWith takes no subject and no quotas; put the quotas beside it.");
  }
  const ttls = checkedTtls(createWith, undefined);
  if (extendMs === undefined) requireEnd(ttls);
  if (isIssuedId(id)) return undefined;
  requireChosenId(id);
  return { ...ttls, version: firstVersion(), payload: values.encode(createWith.data, keys.session(place)) };
}

export function debitRequest({ quota, amount, opId }: Parameters<SessionStore["debit"]>[1]): DebitArguments {
  return {
    quota: checkedQuotaName(quota),
    amount: checkedAmount(amount, 1n, "A debit's amount"),
    operation: opId === undefined ? undefined : operationHash("debit", checkedText(opId, "opId")),
  };
}
