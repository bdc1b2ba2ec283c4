// Writes schema.json from the tables that read a document. A test says when it has to be run: `npm run schema`.
import { writeFileSync } from "node:fs";
import { jsonSchema } from "../src/json-schema.ts";

writeFileSync(new URL("../schema.json", import.meta.url), `${JSON.stringify(jsonSchema(), null, 2)}\n`);
