// The suite of all stores holds for core's on the Map port.
import { reference } from "../mutants/reference.ts";
import { storesSuite } from "./suite.ts";

storesSuite({
  ...reference().harnesses.stores,
  lacks: ["bounded", "server", "cluster", "peers", "borrowed", "physicalTtls"],
});
