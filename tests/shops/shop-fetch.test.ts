// The shop as a fetch handler, bought from in two processes on one Redis.
import { shopTests } from "./shop-tests.ts";

shopTests("shop-fetch.ts");
