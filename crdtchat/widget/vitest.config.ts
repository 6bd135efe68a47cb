import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["src/**/*.test.ts", "*.test.mjs"], environment: "node" },
  define: { __CRDTCHAT_VERSION__: '"test"', __CRDTCHAT_HOSTED__: "true" },
});
