// Whose code is in the bundles: what esbuild says it has put into them, with each package's own words. `npm run
// licences` (here, after both interfaces were built) writes the list that is shipped, THIRD-PARTY.md.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const LIST = new URL("THIRD-PARTY.md", import.meta.url);
const LAB = new URL("../../jupyter_ext/", import.meta.url);
const HEAD = `# Code of others in what is shipped

Made by \`npm run licences\` in \`crdtchat/widget\` from what the bundlers put into \`crdtchat.js\`, \`notebook.js\` and the extension of JupyterLab. \`tests/install\` holds it against them. Python packages are installed beside crdtchat and not bundled: \`pyproject.toml\` names each, with its reason.
`;
/** Not an npm package of its own: the extension's loader is written by Rspack itself. */
const LOADER = "@rspack/core";

/** The packages of which a metafile's outputs hold code: \`{name, version, license, text}\`, by name. */
export function packagesOf(metafile, folder = ".") {
  const found = new Map();
  for (const { inputs } of Object.values(metafile.outputs))
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const place = /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0];
      if (place !== undefined && bytesInOutput > 0) found.set(place, packageIn(resolve(folder, place)));
    }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function packageIn(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((one) => /^licen[cs]e(\.|$)/i.test(one));
  return { name, version, license, text: file === undefined ? "" : readFileSync(join(folder, file), "utf8") };
}

function labPackages() {
  const told = new URL("crdtchat_jupyter/labextension/static/third-party-licenses.json", LAB);
  const loaded = JSON.parse(readFileSync(told, "utf8")).packages;
  const modules = new URL("ui/node_modules/", LAB);
  const loader = new URL(`${LOADER}/`, modules);
  return [
    ...JSON.parse(readFileSync(new URL("ui/lib/packages.json", LAB), "utf8")),
    ...loaded.map((one) => ({
      name: one.name,
      version: one.versionInfo,
      license: one.licenseId,
      text: one.extractedText,
    })),
    ...(existsSync(loader) ? [packageIn(loader.pathname)] : []),
  ];
}

function list(packages) {
  const byName = new Map(packages.map((one) => [`${one.name} ${one.version}`, one]));
  const parts = [...byName.keys()].sort().map((key) => {
    const { license, text } = byName.get(key);
    return `\n## ${key}\n\n${license}\n\n\`\`\`text\n${text.trim().replaceAll("\r", "")}\n\`\`\`\n`;
  });
  return HEAD + parts.join("");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const own = JSON.parse(readFileSync(new URL("dist/meta.json", import.meta.url), "utf8")).packages;
  writeFileSync(LIST, list([...own, ...labPackages()]));
}
