// The files of deploy/ as their readers see them: parsed, and with variables put in where Compose does so.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DockerfileParser, type Instruction } from "dockerfile-ast";
import { parse, parseAllDocuments } from "yaml";

export const root: string = join(import.meta.dirname, "..", "..");
export const folder: string = join(root, "deploy");

export const textOf = (file: string): string => readFileSync(join(folder, file), "utf8");

type Variables = Readonly<Record<string, string>>;

export interface Service {
  image?: string;
  command?: string[];
  environment?: Record<string, string>;
  healthcheck?: { test: string[] };
  ports?: string[];
  volumes?: string[];
  networks?: string[];
  depends_on?: Record<string, { condition: string }>;
  stop_grace_period?: string;
  read_only?: boolean;
  init?: boolean;
  deploy?: { replicas?: number };
}

export interface Compose {
  services: Record<"balancer" | "gateway" | "redis", Service>;
  networks: Record<string, { internal?: boolean } | null>;
}

/** `${NAME}`, `${NAME:-default}` and `${NAME:?message}`. Throws where a variable without a default is missing. */
export function interpolated(text: string, variables: Variables): string {
  return text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, mark: string | undefined, rest: string) => {
    const value = variables[name];
    if (value !== undefined && value !== "") return value;
    if (mark === "-") return rest;
    throw new Error(`${name} ${rest}`);
  });
}

/** As Compose does: first the YAML, then the variables in its scalars, which stay text. */
export function compose(variables: Variables): Compose {
  return parse(textOf("compose.yaml"), (_, value: unknown) =>
    typeof value === "string" ? interpolated(value, variables) : value,
  );
}

/** The variables of .env.example, by name; empty where the operator fills them in. */
export function exampleVariables(): Record<string, string> {
  const lines = [...textOf(".env.example").matchAll(/^(\w+)=(.*)$/gm)];
  return Object.fromEntries(lines.map(([, name = "", value = ""]) => [name, value]));
}

interface Probe {
  httpGet: { path: string; port: string };
  periodSeconds: number;
  timeoutSeconds: number;
  failureThreshold: number;
}

export interface Deployment {
  spec: {
    replicas: number;
    template: {
      spec: {
        terminationGracePeriodSeconds: number;
        securityContext: Record<string, unknown>;
        volumes: { name: string; configMap: { name: string } }[];
        containers: {
          livenessProbe: Probe;
          readinessProbe: Probe;
          lifecycle: { preStop: { exec: { command: string[] } } };
          envFrom: { secretRef?: { name: string }; configMapRef?: { name: string } }[];
          volumeMounts: { name: string; mountPath: string; readOnly: boolean }[];
          securityContext: Record<string, unknown>;
          resources: Record<"requests" | "limits", Record<string, string>>;
        }[];
      };
    };
  };
}

/** The manifests in deploy/kubernetes/gateway.yaml, by their kind. */
export function manifests(text: string = textOf("kubernetes/gateway.yaml")): Record<string, Record<string, unknown>> {
  return Object.fromEntries(parseAllDocuments(text).map((document) => [document.get("kind"), document.toJSON()]));
}

export function deployment(): Deployment {
  const [found] = parseAllDocuments(textOf("kubernetes/gateway.yaml")).map((document) => document.toJSON());
  return found;
}

/** The instructions of the Dockerfile's stages, from the first to the last. */
export function stages(dockerfile: string = textOf("Dockerfile")): Instruction[][] {
  const found: Instruction[][] = [];
  for (const instruction of DockerfileParser.parse(dockerfile).getInstructions()) {
    if (instruction.getKeyword() === "FROM") found.push([]);
    found.at(-1)?.push(instruction);
  }
  return found;
}

/** What follows the keyword, e.g. of "USER node" "node". Throws where the stage has no such instruction. */
export function argumentsOf(stage: readonly Instruction[], keyword: string): string {
  const found = stage.filter((instruction) => instruction.getKeyword() === keyword).at(-1);
  if (found === undefined) throw new Error(`The stage has no ${keyword}.`);
  return found.getRawArgumentsContent() ?? "";
}

/** The words of an instruction in exec form, e.g. CMD ["node", "a.js"]. Throws where it is a shell's. */
export function execForm(text: string): string[] {
  const words: unknown = JSON.parse(/\[.*\]$/s.exec(text)?.[0] ?? "null");
  if (!Array.isArray(words)) throw new Error(`Not in exec form: ${text}`);
  return words.map(String);
}
