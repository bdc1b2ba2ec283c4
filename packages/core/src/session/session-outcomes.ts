// A reply in one word, for telemetry.

export function always(word: string): () => string {
  return () => word;
}

export function statusOf(reply: { status: string }): string {
  return reply.status;
}

export function foundOrMissing(reply: object | boolean | null): string {
  return reply === null || reply === false ? "missing" : "ok";
}
