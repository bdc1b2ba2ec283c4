// The tests as mutation testing runs them: Stryker copies this folder elsewhere, so that nothing outside it can be imported.
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["src/**/*.test.ts"], testTimeout: 20_000 } });
