// What only JavaScript can pass: the rows of all frameworks, and Express's own.
import { plainJavascriptSuite } from "@tollbooth-stores/http-testkit/suites";
import * as express from "./index.ts";

plainJavascriptSuite(express, {
  own: [
    ["clientIp", "a misspelt option", [{ trustProxies: 0 }], "clientIp()", '"trustedProxies"'],
    ["rawBody", "a call in the place of the function", [], "rawBody()", "express.json({ verify: rawBody })"],
    ["rawBody", "text for the bytes", [{}, {}, "text"], "rawBody()", "express.json({ verify: rawBody })"],
  ],
  without: ["storeFailure", "paymentOf"],
});
