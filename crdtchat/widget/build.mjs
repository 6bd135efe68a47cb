// Bundles the widget. `dist/crdtchat.js` is one file for a plain <script> and for <script type="module">
// alike: it has no exports, it sets globals, so both readings of the file are valid.
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";
import { minify } from "terser";
import { packagesOf } from "./licences.mjs";

const BUDGET_GZIPPED = 120 * 1024;
const version = JSON.parse(readFileSync("package.json", "utf8")).version;
const PLAIN_LOGGING = `
  export const warn = console.warn, print = (...words) => console.log(...words.filter((word) => word !== ""));
  export const [ORANGE, RED, BOLD, UNBOLD] = ["", "", "", ""];
`;
const define = {
  __CRDTCHAT_VERSION__: JSON.stringify(version),
  // A page of its own has nobody who draws mathematics, as JupyterLab does.
  __CRDTCHAT_HOSTED__: "false",
  "process.env.NODE_ENV": '"production"',
};
const common = {
  bundle: true,
  minify: true,
  target: ["chrome109", "firefox115", "safari16.4"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "eof",
  define,
  plugins: [
    {
      name: "small-css",
      setup(hooks) {
        hooks.onLoad({ filter: /\.css$/ }, async ({ path }) => {
          const { code } = await transform(readFileSync(path, "utf8"), { loader: "css", minify: true });
          return { contents: code.trim(), loader: "text" };
        });
      },
    },
    {
      // Yjs says its five warnings through coloured console output that brings a schema library along: 3 KiB.
      name: "plain-warnings",
      setup(hooks) {
        hooks.onResolve({ filter: /^lib0\/logging$/ }, ({ path }) => ({ path, namespace: "plain" }));
        hooks.onLoad({ filter: /./, namespace: "plain" }, () => ({ contents: PLAIN_LOGGING }));
      },
    },
    {
      // Yjs complains on the console where a page has another copy of it, as of another one of this script. Only bytes
      // pass between ours and others.
      name: "yjs-of-our-own",
      setup(hooks) {
        hooks.onLoad({ filter: /yjs\/dist\/yjs\.mjs$/ }, ({ path }) => {
          const [before, after, ...more] = readFileSync(path, "utf8").split("'__ $YJS$ __'");
          if (after === undefined || more.length > 0) throw new Error("Yjs names itself in another way now");
          return { contents: `${before}'__ $YJS$ of crdtchat __' + Math.random()${after}`, loader: "js" };
        });
      },
    },
  ],
  logLevel: "warning",
  metafile: true,
};

const embed = await build({
  ...common,
  entryPoints: ["src/entry/embed.ts"],
  outfile: "dist/crdtchat.js",
  format: "iife",
});
const notebook = await build({
  ...common,
  define: { ...define, __CRDTCHAT_HOSTED__: "true" },
  entryPoints: ["src/entry/notebook.ts"],
  outfile: "dist/notebook.js",
  format: "esm",
});

// esbuild bundles, terser squeezes what it left: together they save every reader 3 % of the download.
async function squeeze(file) {
  const bundled = readFileSync(file, "utf8");
  const { code } = await minify(bundled, {
    ecma: 2020,
    compress: { passes: 2 },
    module: /^export/m.test(bundled),
  });
  writeFileSync(file, code);
  return gzipSync(code, { level: 9 }).length;
}

const size = await squeeze("dist/crdtchat.js");
await squeeze("dist/notebook.js");
if (process.argv.includes("--report")) report(embed.metafile);
const outputs = { ...embed.metafile.outputs, ...notebook.metafile.outputs };
const packages = packagesOf({ outputs });
writeFileSync("dist/meta.json", JSON.stringify({ version, gzipped: size, packages }));
console.log(`dist/crdtchat.js: ${(size / 1024).toFixed(1)} KiB gzipped of ${BUDGET_GZIPPED / 1024}`);
if (size > BUDGET_GZIPPED) {
  console.error("The bundle is over its budget.");
  process.exit(1);
}

function report(metafile) {
  const sums = new Map();
  const inputs = Object.values(metafile.outputs)[0].inputs;
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const group = path.match(/node_modules\/([^/]+)/)?.[1] ?? path.match(/src\/[^/]+/)?.[0] ?? path;
    sums.set(group, (sums.get(group) ?? 0) + bytesInOutput);
  }
  for (const [group, bytes] of [...sums].sort((a, b) => b[1] - a[1]))
    console.log(`${String(bytes).padStart(8)} B minified  ${group}`);
}
