// Whether this page may act: the server puts a token into it, or the reason why not.

export interface Permission {
  token: string | undefined;
  /** A sentence, where there is no token. */
  denied: string | undefined;
}

function contentOf(name: string): string | undefined {
  return document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content;
}

export function readPermission(): Permission {
  const token = contentOf("csrf-token");
  if (token !== undefined) return { token, denied: undefined };
  return { token, denied: contentOf("actions-denied") ?? "This page was not given out by the gateway; reload it." };
}
