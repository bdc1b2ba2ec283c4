// The Dockerfile: what a linter says, and the rules of ours that none knows.
import { validate } from "dockerfile-utils";
import { describe, expect, it } from "vitest";
import { argumentsOf, execForm, stages, textOf } from "./files.ts";

const [build = [], image = []] = stages();

describe("the Dockerfile", () => {
  it("gives the linter nothing to say, which says what is wrong with another", () => {
    expect(validate(textOf("Dockerfile"))).toEqual([]);
    expect(validate("FROM node:24\nHEALTHCHECK --intervall=5s CMD true\nCMD ['node']")).not.toEqual([]);
  });

  it("has two stages on one pinned major of Node, so that no build tool is in the image", () => {
    expect(stages()).toHaveLength(2);
    const bases = [argumentsOf(build, "FROM"), argumentsOf(image, "FROM")].map((base) => base.split(" ")[0]);
    expect(new Set(bases)).toEqual(new Set([`node:${process.versions.node.split(".")[0]}-slim`]));
    expect(image.filter((instruction) => instruction.getKeyword() === "RUN")).toEqual([]);
    expect(textOf("Dockerfile").match(/^COPY .*$/gm)).toEqual(["COPY . .", "COPY --from=build /app /app"]);
  });

  it("runs node itself as a user without rights, so that SIGTERM reaches it", () => {
    expect(argumentsOf(image, "USER")).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(argumentsOf(image, "STOPSIGNAL")).toBe("SIGTERM");
    expect(execForm(argumentsOf(image, "CMD"))).toEqual(["node", "dist/gateway.js"]);
    expect(execForm(argumentsOf(image, "HEALTHCHECK"))[0]).toBe("node");
  });

  it("takes no secret: none as a variable or an argument, and no file that may hold one", () => {
    const named = [...build, ...image].filter((instruction) => /^(ARG|ENV)$/.test(instruction.getKeyword()));
    const text = named.map((instruction) => instruction.getRawArgumentsContent()).join("\n");
    expect(text).toContain("GATEWAY_CONFIG");
    expect(text).not.toMatch(/SECRET|PASSWORD|TOKEN|_URL/i);
    expect(textOf("Dockerfile.dockerignore").split("\n")).toEqual(
      expect.arrayContaining(["**/.env", "**/.env.*", "**/*.pem", "**/*.key", ".git"]),
    );
  });
});
