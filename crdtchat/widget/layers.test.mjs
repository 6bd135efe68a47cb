// The arrows between the folders of src point one way: the linter is shown imports against them.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, it } from "vitest";

/** Who may import from whom, besides itself. */
const LAYERS = {
  anchoring: [],
  locale: [],
  model: [],
  sync: ["model"],
  dom: ["anchoring"],
  app: ["model", "sync", "dom", "locale"],
  ui: ["app", "model", "sync", "dom", "locale"],
};
const FOLDERS = [...Object.keys(LAYERS), "entry"];

const elsewhere = mkdtempSync(join(tmpdir(), "layers-"));
copyFileSync("biome.json", join(elsewhere, "biome.json"));
afterAll(() => rmSync(elsewhere, { recursive: true }));

/** The folders that the linter forbids a file of this folder to import from. */
function forbidden(layer) {
  const file = join("src", layer, "a-file.ts");
  mkdirSync(join(elsewhere, "src", layer), { recursive: true });
  const lines = FOLDERS.map((folder) => `export * from "../${folder}/some-file";`);
  writeFileSync(join(elsewhere, file), lines.join("\n"));
  const biome = resolve("node_modules/.bin/biome");
  const { stdout } = spawnSync(biome, ["lint", "--reporter=github", file], {
    cwd: elsewhere,
    encoding: "utf8",
  });
  return [...stdout.matchAll(/noRestrictedImports.*?line=(\d+)/g)].map(
    ([, line]) => FOLDERS[Number(line) - 1],
  );
}

for (const [layer, allowed] of Object.entries(LAYERS))
  it(`${layer} imports only from ${allowed.join(", ") || "nothing of ours"}`, () => {
    const wrong = FOLDERS.filter((folder) => folder !== layer && !allowed.includes(folder));
    expect(forbidden(layer).sort()).toEqual(wrong.sort());
  });
