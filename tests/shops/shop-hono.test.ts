// The shop on Hono, bought from in two processes on one Redis.
import { shopTests } from "./shop-tests.ts";

shopTests("shop-hono.ts");
