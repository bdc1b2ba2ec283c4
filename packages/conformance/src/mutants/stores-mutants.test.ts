// Every broken provider is caught by the property that it breaks.
import { storesProperties } from "../stores/properties.ts";
import { mutantSuite } from "./catching.ts";
import { completeStores, storesMutants } from "./stores-mutants.ts";

mutantSuite("all", storesProperties, storesMutants, [completeStores()], 8);
