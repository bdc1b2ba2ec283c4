// The suite of sessions holds for core's store on the Map port, and nothing of it fails to apply.
import { reference } from "../mutants/reference.ts";
import { sessionStoreSuite } from "./suite.ts";

sessionStoreSuite({ ...reference().harnesses.sessions, lacks: [] });
