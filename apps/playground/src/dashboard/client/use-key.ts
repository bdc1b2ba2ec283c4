// The operator's key: it comes behind the "#" of the link that the terminal prints, which no browser sends to a server.
import { useEffect, useState } from "preact/hooks";

export interface Key {
  /** undefined: this page reads, and its buttons do nothing. */
  key: string | undefined;
  /** The server does not take it (any more). */
  drop(): void;
}

/** The header that carries it: the server's `keyHeader`. */
export const keyHeader = "x-dashboard-key";

const place = "dashboard-key";

/** Keeps the key for as long as the tab is open, and takes it out of the address, where it could be copied or seen. */
function takeKey(): string | undefined {
  const given = /^#key=([\w-]+)$/.exec(location.hash)?.[1];
  if (given !== undefined) {
    sessionStorage.setItem(place, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(place) ?? undefined;
}

export function useKey(): Key {
  const [key, setKey] = useState(takeKey);
  useEffect(() => {
    // The link of another start, opened where the page is open already.
    const changed = () => setKey(takeKey());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  const drop = () => {
    sessionStorage.removeItem(place);
    setKey(undefined);
  };
  return { key, drop };
}
