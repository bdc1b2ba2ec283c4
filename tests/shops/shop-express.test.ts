// The shop on Express, bought from in two processes on one Redis.
import { shopTests } from "./shop-tests.ts";

shopTests("shop-express.ts");
