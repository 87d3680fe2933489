/** A build step that writes the licences of every bundled package beside the built files. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const HEAD = "Third-party packages bundled in the film viewer, with their licences.\n\n";
const COMPILED = JSON.parse(readFileSync(new URL("licences/compiled.json", import.meta.url), "utf8"));
const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i;

/** The folder of the package that holds `module`, from its innermost node_modules. */
function packageFolder(module) {
  const found = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(module.replace(/^\0+/, ""));
  return found?.[1];
}

function notice(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const found = readdirSync(folder).filter((file) => LICENCE_FILE.test(file)).sort();
  const texts = found.map((file) => readFileSync(join(folder, file), "utf8").trim());
  if (texts.length === 0) texts.push(namedOnly(name, license, author));
  if (COMPILED[name]) texts.push(compiled(COMPILED[name]));
  const rule = "=".repeat(78);
  return `${rule}\n${name} ${version} (${license})\n${rule}\n${texts.join("\n\n")}\n`;
}

/** For a package that is published with its licence's name and without its text. */
function namedOnly(name, license, author) {
  const owner = (typeof author === "string" ? author : author?.name) || `the authors of ${name}`;
  return `Copyright (c) ${owner}\n\n${standardText(license)}`;
}

/** For the C and C++ library that a package holds as WebAssembly. */
function compiled({ library, licence, copyright }) {
  return `Compiled into it: ${library} (${licence})\n\n${copyright.join("\n")}\n\n${standardText(licence)}`;
}

function standardText(licence) {
  return readFileSync(new URL(`licences/${licence}.txt`, import.meta.url), "utf8").trim();
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
