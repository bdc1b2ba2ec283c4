import { packageTests } from "../../vitest.shared.ts";

/** What tsup does with `loader: { ".lua": "text" }`. */
const luaAsText = {
  name: "lua-as-text",
  transform: (code: string, id: string) =>
    id.endsWith(".lua") ? `export default ${JSON.stringify(code)};` : undefined,
};

export default { ...packageTests({ isolate: false }), plugins: [luaAsText] };
