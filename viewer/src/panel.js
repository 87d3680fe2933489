/** The toolbar and the line under the film say what is so. */
import { lengthOf } from "./view.js";

const TOOLS = ["windowTool", "panTool", "zoomTool", "lengthTool"];
const PRESETS = ["stored", "auto", "lung", "bone"];
const UNITS = { mm: "mm", "mm-detector": "mmDetector", px: "px" };

export class Panel {
  #parts;
  #words;
  #language;

  /** @param {string | undefined} language in which numbers are written */
  constructor(parts, words, language) {
    this.#parts = parts;
    this.#words = words;
    this.#language = language;
  }

  /** @param {import("./display.js").Display} display */
  update(display, hasOverlay) {
    const { buttons, opacity, overlay, overlayGroup, legend, centre, width, facts } = this.#parts;
    const { film } = display;
    this.#press(display);
    Object.entries(buttons).forEach(([name, button]) => (button.disabled = !film && name !== "help"));
    [centre, width, opacity].forEach((field) => (field.disabled = !film));
    buttons.clearLengths.disabled = display.lengths.length === 0;
    overlayGroup.hidden = !hasOverlay;
    overlay.hidden = legend.hidden = !(display.overlay.isLoaded && display.overlay.isShown);
    overlay.style.opacity = String(display.overlay.opacity);
    opacity.value = String(display.overlay.opacity * 100);
    const window = display.shownWindow;
    centre.value = window ? String(rounded(window.centre)) : "";
    width.value = window ? String(rounded(window.width)) : "";
    facts.textContent = film && display.view ? this.#facts(display) : "";
  }

  #press({ film, tool, preset, isFit, view, isInverted, overlay }) {
    const press = (name, isPressed) => this.#parts.buttons[name].setAttribute("aria-pressed", String(isPressed));
    TOOLS.forEach((name) => press(name, name === tool));
    PRESETS.forEach((name) => press(name, film !== null && name === preset));
    press("fit", film !== null && isFit);
    press("oneToOne", view?.zoom === 1);
    press("invert", isInverted);
    press("overlay", overlay.isShown);
  }

  #facts({ film, view }) {
    const words = [this.#words.fill("zoomed", { percent: `${this.#number(view.zoom * 100, 0)} %` })];
    if (!film.spacing) words.push(this.#words.fill("noSpacing"));
    else if (film.spacing.where === "detector") words.push(this.#words.fill("atDetector"));
    return words.join(" · ");
  }

  /** A length with its unit. */
  length(film, { from, to }) {
    const { value, unit } = lengthOf(film, from, to);
    return this.#words.fill(UNITS[unit], { value: this.#number(value, unit === "px" ? 0 : 1) });
  }

  #number(value, digits) {
    return new Intl.NumberFormat(this.#language, { maximumFractionDigits: digits }).format(value);
  }

  say(text) {
    this.#parts.said.textContent = text;
  }
}

function rounded(value) {
  return Math.round(value * 100) / 100;
}
