import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Of a test that hangs; no test depends on how busy the machine is.
    testTimeout: 120_000,
    include: ["src/**/*.test.ts", "*.test.mjs"],
    environment: "node",
  },
  define: { __CRDTCHAT_VERSION__: '"test"', __CRDTCHAT_HOSTED__: "true" },
});
