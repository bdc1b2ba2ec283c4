// The time, once a second, for what runs down by itself.
import { useEffect, useState } from "preact/hooks";

/** Unix milliseconds on the server's clock. */
export function useNow(clockAheadMs: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now + clockAheadMs;
}
