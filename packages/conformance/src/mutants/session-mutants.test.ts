// Every broken session store is caught by the property that it breaks.
import { sessionProperties } from "../sessions/properties.ts";
import { mutantSuite } from "./catching.ts";
import { reference } from "./reference.ts";
import { sessionMutants } from "./session-mutants.ts";

mutantSuite("sessions", sessionProperties, sessionMutants, [reference().harnesses.sessions], 13);
