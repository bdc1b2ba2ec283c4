// A context of middleware in front, while the request's own has what the handlers set.
import type { Context } from "hono";

const members = ["header", "status", "newResponse", "body", "text", "json", "html", "redirect"] as const;

/** It has these headers, and nothing of the handlers'. */
export function standInFor(c: Context, headers: Iterable<[name: string, value: string]>): Context {
  const standIn: Context = Reflect.construct(Object.getPrototypeOf(c).constructor, [c.req.raw]);
  for (const [name, value] of headers) standIn.header(name, value, { append: true });
  return standIn;
}

/** What a context answers with. It asks at each call for the context to use: a stand-in, or `c` as it was. */
export function answeringMembers(c: Context, used: () => Context): PropertyDescriptorMap {
  const descriptors = members.map((name): [string, PropertyDescriptor] => {
    const own: unknown = c[name];
    const call = (...given: unknown[]): unknown => {
      const target = used();
      const method: unknown = target === c ? own : target[name];
      return typeof method === "function" ? Reflect.apply(method, target, given) : undefined;
    };
    return [name, { configurable: true, writable: true, enumerable: true, value: call }];
  });
  return Object.fromEntries(descriptors);
}
