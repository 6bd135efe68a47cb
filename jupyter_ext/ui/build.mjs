// Bundles the extension with the widget's interface; what JupyterLab has itself stays outside. The result is
// made a federated module by `jupyter-builder build`.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { packagesOf } from "../../crdtchat/widget/licences.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const widget = createRequire(new URL("../../crdtchat/widget/package.json", import.meta.url));
const { build } = widget("esbuild");
const { version } = widget("./package.json");

const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: ["src/index.ts"],
  outfile: "lib/index.js",
  bundle: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  external: ["@jupyterlab/*", "@lumino/*", "@codemirror/*", "yjs"],
  loader: { ".css": "text" },
  define: { __CRDTCHAT_VERSION__: JSON.stringify(version), __CRDTCHAT_HOSTED__: "true", "process.env.NODE_ENV": '"production"' },
  legalComments: "eof",
  logLevel: "warning",
  metafile: true,
});
writeFileSync("lib/packages.json", JSON.stringify(packagesOf(metafile, here)));
