// Which instance is calling: an address that begins with /instance/<name>/<pid> names it for the logs. Nothing else depends on it.

const named = /^\/instance\/([\w.-]{1,64}\/\d{1,10})(?=\/|$)/;

/** "name/pid"; null where the address names none. */
export function instanceOf(request: Request): string | null {
  return named.exec(new URL(request.url).pathname)?.[1] ?? null;
}

/** The path without the instance, as Hono's `getPath`: the same routes for all. */
export function pathWithoutInstance(request: Request): string {
  return new URL(request.url).pathname.replace(named, "") || "/";
}
