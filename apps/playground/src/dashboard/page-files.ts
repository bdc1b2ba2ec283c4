// The page and its files, read once at the start, with the headers that keep everything foreign out.
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";

export interface PageFiles {
  /** The page itself: the same for every browser. It holds no secret; the key comes with the link that the terminal prints. */
  page(request: IncomingMessage, response: ServerResponse): void;
  /** True if there is such a file. */
  file(path: string, response: ServerResponse): boolean;
}

const types: Readonly<Record<string, string>> = {
  "main.js": "text/javascript; charset=utf-8",
  "main.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
};

/** No inline script or style, nothing from elsewhere, in no frame. */
const headers: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  // A new start is perhaps another build.
  "cache-control": "no-store",
};

/** `folder` is where the build puts them. */
export function pageFiles(folder: URL): PageFiles {
  const html = readFileSync(new URL("index.html", folder), "utf8");
  const files = new Map(Object.keys(types).map((name) => [name, readFileSync(new URL(name, folder))]));
  return {
    page(request, response) {
      response.writeHead(200, { ...headers, "content-type": "text/html; charset=utf-8" });
      response.end(request.method === "HEAD" ? undefined : html);
    },
    file(path, response) {
      const name = /^\/dashboard\/([a-z.]+)$/.exec(path)?.[1] ?? "";
      const body = files.get(name);
      if (body === undefined) return false;
      response.writeHead(200, { ...headers, "content-type": types[name] });
      response.end(body);
      return true;
    },
  };
}
