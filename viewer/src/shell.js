/** The parts of the viewer on the page: toolbar, stage, overlay, lengths, status, and help. */
import { icon } from "./icons.js";
import { SHORTCUTS } from "./keys.js";
import { html, svg } from "./make.js";

const TOOLS = ["windowTool", "panTool", "zoomTool", "lengthTool"];
const PRESETS = ["stored", "auto", "lung", "bone"];
const VIEW = ["zoomIn", "zoomOut", "fit", "oneToOne", "invert"];
const PRESSABLE = new Set([...TOOLS, ...PRESETS, "fit", "oneToOne", "invert", "overlay"]);
const TEXTS = new Set([...PRESETS, "oneToOne"]);
const LONGER = { oneToOne: "oneToOneLong" };
const NAMED_KEYS = { delete: "keyDelete" };
const UNLISTED = new Set(["escape"]);

/**
 * @param {import("./words.js").Words} words
 * @returns the parts by name, and `root`, which holds them; `buttons` by command
 */
export function buildShell(words) {
  const buttons = Object.fromEntries(
    [...TOOLS, ...PRESETS, ...VIEW, "overlay", "clearLengths", "help"].map((name) => [name, button(name, words)]),
  );
  const parts = { buttons, ...fields(words), ...stageParts(), ...messages() };
  const pick = (names) => names.map((name) => buttons[name]);
  parts.overlayGroup = group("overlays", words, buttons.overlay, parts.opacity);
  parts.overlayGroup.hidden = true;
  parts.toolbar = html(
    "div",
    { class: "toolbar", part: "toolbar" },
    group("tools", words, ...pick(TOOLS), buttons.clearLengths),
    group("windows", words, ...pick(PRESETS), ...parts.fields),
    group("view", words, ...pick(VIEW)),
    parts.overlayGroup,
    html("div", { class: "group" }, buttons.help),
  );
  parts.help = help(words, parts);
  const slot = html("slot", { name: "legend" });
  parts.legend = html("div", { class: "legend", hidden: "" }, slot);
  parts.root = html("div", { class: "viewer" }, parts.toolbar, parts.stage, parts.alert, parts.legend, parts.status, parts.help);
  return parts;
}

function button(name, words) {
  const label = LONGER[name] ? `${words.fill(name)}: ${words.fill(LONGER[name])}` : words.fill(name);
  const keys = SHORTCUTS.find(({ command }) => command === name)?.keys ?? [];
  const attributes = { type: "button", "data-command": name, title: keys.length ? `${label} (${keys[0].toUpperCase()})` : label };
  if (!TEXTS.has(name) || LONGER[name]) attributes["aria-label"] = label;
  if (keys.length && name !== "help") attributes["aria-keyshortcuts"] = keys[0];
  if (PRESSABLE.has(name)) attributes["aria-pressed"] = "false";
  return html("button", attributes, TEXTS.has(name) ? words.fill(name) : icon(name));
}

function group(name, words, ...children) {
  return html("div", { class: "group", role: "group", "aria-label": words.fill(name) }, ...children);
}

function fields(words) {
  const centre = html("input", { type: "number", step: "any", inputmode: "decimal" });
  const width = html("input", { type: "number", step: "any", min: "1", inputmode: "decimal" });
  const label = (name, input) => html("label", {}, words.fill(name), input);
  const opacity = html("input", { type: "range", min: "0", max: "100", step: "5", "aria-label": words.fill("opacity") });
  return { centre, width, opacity, fields: [label("centre", centre), label("width", width)] };
}

function stageParts() {
  const canvas = html("div", { class: "canvas" });
  const overlay = html("img", { class: "overlay", alt: "", hidden: "", draggable: "false" });
  const lengths = svg("svg", { class: "lengths", "aria-hidden": "true" });
  const stage = html("div", { class: "stage", part: "stage", tabindex: "0", role: "application", title: "" }, canvas, overlay, lengths);
  return { canvas, overlay, lengths, stage };
}

function messages() {
  const said = html("p", { role: "status", dir: "auto" });
  const facts = html("p", { class: "facts", dir: "auto" });
  return {
    said,
    facts,
    status: html("div", { class: "status", part: "status" }, facts, said),
    alert: html("div", { class: "alert", role: "alert", dir: "auto", hidden: "" }),
  };
}

function help(words, { buttons }) {
  const listed = SHORTCUTS.filter(({ command }) => !UNLISTED.has(command)).map(({ keys: [key], command }) => [
    NAMED_KEYS[key] ? words.fill(NAMED_KEYS[key]) : key.toUpperCase(),
    buttons[command]?.getAttribute("aria-label") ?? words.fill(command),
  ]);
  listed.push(
    [words.fill("keyArrows"), words.fill("move")],
    [words.fill("keyShiftArrows"), words.fill("windowByKeys")],
    [words.fill("keyEnter"), words.fill("lengthByKeys")],
  );
  const rows = listed.flatMap(([key, meaning]) => [html("dt", {}, html("kbd", {}, key)), html("dd", {}, meaning)]);
  const close = html("button", { type: "button", "data-command": "help" }, words.fill("close"));
  const title = html("h2", { id: "help-title" }, words.fill("help"));
  return html(
    "dialog",
    { class: "help", "aria-labelledby": "help-title" },
    title,
    html("p", {}, words.fill("helpFocus")),
    html("dl", {}, ...rows),
    close,
  );
}
