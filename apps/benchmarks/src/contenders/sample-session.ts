// The session data that every session store of the benchmark holds: about 250 bytes of JSON.
import { isDeepStrictEqual } from "node:util";

export interface SampleSession {
  plan: string;
  user: { id: number; name: string; email: string };
  scopes: string[];
  settings: Record<string, boolean | number>;
}

export function sampleSession(at: number): SampleSession {
  return {
    plan: at % 2 === 0 ? "pro" : "basic",
    user: { id: at, name: `Customer number ${at}`, email: `customer-${at}@customers.example` },
    scopes: ["search", "export", "reports:read", "reports:write"],
    settings: { compact: true, rows: 50, notify: false, beta: at % 3 === 0, timezoneOffsetMinutes: 120 },
  };
}

export function sameSession(read: unknown, written: SampleSession): boolean {
  return isDeepStrictEqual(read, written);
}
