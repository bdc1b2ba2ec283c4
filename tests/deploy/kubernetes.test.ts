// The Kubernetes manifests: the schemas of their kinds, no key that a kind does not have, and the time for a drain.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readGatewayConfig } from "@tollbooth-stores/example";
import { Deployment } from "kubernetes-models/apps/v1";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1";
import { Service } from "kubernetes-models/v1";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { deadlines } from "./deadlines.ts";
import { deployment, folder, manifests, textOf } from "./files.ts";

const models = { Deployment, PodDisruptionBudget, Service };
const libraries = { Deployment: "apps/v1", PodDisruptionBudget: "policy/v1", Service: "v1" };

/**
 * What the compiler says of manifests as literals of their kinds' types: unlike the schemas it refuses unknown keys. One line
 * a set of manifests, because one program for all takes half the time of two.
 */
function unknownKeys(...sets: readonly ReturnType<typeof manifests>[]): string[] {
  const imports = Object.entries(libraries).map(
    ([kind, library]) => `import type { I${kind} } from "kubernetes-models/${library}/${kind}";`,
  );
  const literals = sets.flatMap((found, at) =>
    Object.entries(found).map(
      ([kind, manifest]) => `export const a${kind}${at}: I${kind} = ${JSON.stringify(manifest)};`,
    ),
  );
  const file = join(import.meta.dirname, "manifests.generated.ts");
  const options: ts.CompilerOptions = { module: ts.ModuleKind.NodeNext, noEmit: true, strict: true, types: [] };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  const text = [...imports, ...literals].join("\n");
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest);
  const program = ts.createProgram([file], { ...options, skipLibCheck: true, lib: ["lib.es2022.d.ts"] }, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n").split("\n").at(-1) ?? "");
}

const { spec } = deployment().spec.template;
const [container] = spec.containers;
if (container === undefined) throw new Error("The deployment has no container.");
const secondsOf = (command: readonly string[]) => Number(/^sleep (\d+)$/.exec(command.join(" "))?.[1]);
const preStopMs = secondsOf(container.lifecycle.preStop.exec.command) * 1_000;

describe("the Kubernetes manifests", () => {
  it.each(Object.entries(models))("a %s fits its schema", (kind, Model) => {
    const text = textOf("kubernetes/gateway.yaml");
    const [right, wrong] = [text, text.replaceAll(/^ {2}name: gateway$/gm, "  name: 1")].map(
      (of) => manifests(of)[kind],
    );
    expect(() => new Model(right).validate()).not.toThrow();
    expect(() => new Model(wrong).validate()).toThrow(/metadata\/name must be string/);
  });

  it("have no key that their kinds do not have", () => {
    expect(Object.keys(manifests()).sort()).toEqual(Object.keys(models).sort());
    const misspelt = manifests(textOf("kubernetes/gateway.yaml").replace("readinessProbe", "readinesProbe"));
    expect(unknownKeys(manifests(), misspelt)).toEqual([expect.stringMatching(/readinesProbe.* does not exist/)]);
  });

  it("ask /healthz whether a gateway lives and /readyz whether it takes requests", () => {
    expect(container.livenessProbe.httpGet).toEqual({ path: "/healthz", port: "http" });
    expect(container.readinessProbe.httpGet).toEqual({ path: "/readyz", port: "http" });
    // The gateway's own answer to /readyz takes up to two seconds.
    expect(container.readinessProbe.timeoutSeconds).toBeGreaterThan(2);
  });

  it("give a gateway more time to stop than its own deadlines add up to", async () => {
    const { stopMs } = await deadlines();
    expect(spec.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(preStopMs + stopMs);
  });

  it("notice within preStop and the drain that a gateway is not ready", async () => {
    const { periodSeconds, timeoutSeconds, failureThreshold } = container.readinessProbe;
    const noticedMs = (periodSeconds * failureThreshold + timeoutSeconds) * 1_000;
    expect((await deadlines()).drainMs).toBeGreaterThan(noticedMs);
    expect(preStopMs).toBeGreaterThan(0);
  });

  it("run it without rights, on files that it cannot change, within bounds", () => {
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(Object.keys(container.resources)).toEqual(["requests", "limits"]);
    expect(container.volumeMounts).toMatchObject([{ mountPath: "/app/tollbooth.config.yaml", readOnly: true }]);
  });

  it("keep all gateways but one while nodes are drained", () => {
    expect(manifests().PodDisruptionBudget).toMatchObject({ spec: { maxUnavailable: 1 } });
    // A roll takes none away before its successor is ready, which may wait for Redis.
    expect(manifests().Deployment).toMatchObject({
      spec: {
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: { spec: { containers: [{ startupProbe: { periodSeconds: 1, failureThreshold: 30 } }] } },
      },
    });
    expect(deployment().spec.replicas).toBeGreaterThan(1);
  });

  it("find everything that they name: files, and the maps that the kustomization makes of them", () => {
    const { resources, configMapGenerator: maps } = parse(textOf("kustomization.yaml"));
    const files = maps.flatMap(({ files: of = [], envs = [] }: Record<string, string[]>) => [...of, ...envs]);
    expect([...resources, ...files].filter((file) => !existsSync(join(folder, file)))).toEqual([]);
    const names = maps.map(({ name }: { name: string }) => name).sort();
    const used = [
      ...spec.volumes.map(({ configMap }) => configMap.name),
      ...container.envFrom.flatMap(({ configMapRef }) => configMapRef?.name ?? []),
    ];
    expect(used.sort()).toEqual(names);
  });

  it("give each variable of the configuration that has no default", () => {
    const needed = [...textOf("tollbooth.config.yaml").matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => name);
    const secrets = ["REDIS_URL", "SESSION_SECRET", "KEY_SECRET"];
    const given = [...textOf("kubernetes/environment.properties").matchAll(/^(\w+)=/gm)].map(([, name]) => name);
    expect(needed.filter((name) => name !== "VAR" && !given.includes(name)).sort()).toEqual(secrets.sort());
    expect(given.filter((name) => secrets.includes(name ?? ""))).toEqual([]);
  });

  it("do not start before an operator has filled in the payee", async () => {
    const lines = textOf("kubernetes/environment.properties").matchAll(/^(\w+)=(.*)$/gm);
    const given = Object.fromEntries([...lines].map(([, name = "", value = ""]) => [name, value]));
    const secrets = { SESSION_SECRET: "s".repeat(32), REDIS_URL: "redis://127.0.0.1:1", KEY_SECRET: "k".repeat(32) };
    const read = (more: object) =>
      readGatewayConfig(textOf("tollbooth.config.yaml"), { ...given, ...secrets, ...more });
    await expect(read({})).rejects.toThrow(/payTo.*address/);
    expect((await read({ PAY_TO: `0x${"1".repeat(40)}` })).payTo).toMatch(/^0x1/);
  });
});
