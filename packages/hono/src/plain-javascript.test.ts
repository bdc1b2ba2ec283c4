// What only JavaScript can pass: the rows of all frameworks, and Hono's own.
import { plainJavascriptSuite } from "@tollbooth-stores/http-testkit/suites";
import * as hono from "./index.ts";

plainJavascriptSuite(hono, {
  own: [
    ["clientIp", "no connInfo", [{ trustedProxies: 0 }], "clientIp()", "connInfo", "getConnInfo"],
    ["clientIp", "a misspelt option", [{ connInfo: () => ({}), trustProxies: 0 }], "clientIp()", '"trustedProxies"'],
  ],
  without: ["storeFailure"],
});
