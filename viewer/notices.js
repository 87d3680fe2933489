/** A build step that writes the licences of every bundled package beside the built files. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const HEAD = "Third-party packages bundled in the film viewer, with their licences.\n\n";
const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i;

/** The folder of the package that holds `module`, from its innermost node_modules. */
function packageFolder(module) {
  const found = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(module.replace(/^\0+/, ""));
  return found?.[1];
}

function notice(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const texts = readdirSync(folder)
    .filter((file) => LICENCE_FILE.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), "utf8").trim());
  const rule = "=".repeat(78);
  return `${rule}\n${name} ${version} (${license})\n${rule}\n${texts.join("\n\n") || "No licence text is published with this version."}\n`;
}

/** Packages seen by all of the builds, the page's and the workers'. */
const folders = new Set();

/** Of a worker's build: only remembers what it bundles; it is built before the page's is finished. */
export function remembered() {
  return { name: "hilum-remembered", generateBundle: remember };
}

export function notices() {
  return {
    name: "hilum-notices",
    generateBundle() {
      remember.call(this);
      const texts = [...folders].map(notice).sort();
      this.emitFile({ type: "asset", fileName: "THIRD-PARTY.txt", source: HEAD + texts.join("\n") });
    },
  };
}

function remember() {
  for (const module of this.getModuleIds()) {
    const folder = packageFolder(module);
    if (folder && existsSync(join(folder, "package.json"))) folders.add(folder);
  }
}
