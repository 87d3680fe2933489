/**
 * The element `<film-viewer>`: one film with its window, zoom, heat map, and lengths.
 *
 * The drawing is loaded when the first film is, so that the page itself is light. Nothing is fetched but the files
 * beside this one, the film, and the heat map. Its attributes and events are in docs/viewer.md.
 */
import { Display } from "./display.js";
import { FilmFailure } from "./failure.js";
import { listen } from "./gestures.js";
import { asked } from "./keys.js";
import { join, leave, tell } from "./links.js";
import { loadFilm } from "./load.js";
import { Panel } from "./panel.js";
import { pointing } from "./pointing.js";
import { buildShell } from "./shell.js";
import style from "./style.css?inline";
import { Words } from "./words.js";

const sheet = new CSSStyleSheet();
sheet.replaceSync(style);

const STEP = 1.25; // of zoom, a button or key press
const STRIDE = 40; // CSS pixels, an arrow key
const FAINTER = 0.1; // of opacity, a key press
const ERRORS = {
  denied: "errorDenied",
  missing: "errorMissing",
  unreachable: "errorUnreachable",
  "not-dicom": "errorNotDicom",
  "no-picture": "errorNoPicture",
  unsupported: "errorUnsupported",
  damaged: "errorDamaged",
  "too-large": "errorTooLarge",
  "not-drawn": "errorNotDrawn",
};
const NOTES = { "flat-window": "noteFlatWindow", "first-frame": "noteFirstFrame", colour: "noteColour" };
const ASKED_OFTEN_MS = 50; // between looks whether a hidden stage has a size

export class FilmViewer extends HTMLElement {
  static observedAttributes = ["film", "overlay", "title", "words", "link"];

  #words;
  #parts;
  #panel;
  #display;
  #loading; // AbortController of the film that is on its way
  #link = null;
  #sizes = new ResizeObserver(() => this.#display.resized());

  /** What is shown, for scripts and tests; a copy. Null before the element is on a page. */
  get state() {
    if (!this.#display) return null;
    const { film, view, overlay } = this.#display;
    return {
      shown: film !== null,
      window: this.#display.shownWindow,
      preset: this.#display.preset,
      zoom: view?.zoom ?? null,
      centre: view && [view.x, view.y],
      fit: this.#display.isFit,
      invert: this.#display.isInverted,
      overlay: overlay.isLoaded && overlay.isShown,
      overlayOpacity: overlay.opacity,
      tool: this.#display.tool.replace("Tool", ""),
      lengths: this.#display.lengths,
      film: film && { rows: film.rows, columns: film.columns, bits: film.bits, spacing: film.spacing, notes: [...film.notes] },
      renderer: this.#display.renderer,
    };
  }

  connectedCallback() {
    if (!this.shadowRoot) this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
    this.#build();
    this.#join();
    this.#load();
  }

  disconnectedCallback() {
    this.#loading?.abort();
    this.#sizes.disconnect();
    this.#display.clear();
    if (this.#link) leave(this.#link, this);
  }

  attributeChangedCallback(name, before, value) {
    if (!this.#parts || !this.isConnected || before === value) return;
    if (name === "film") this.#load();
    if (name === "overlay") this.#loadOverlay();
    if (name === "title") this.#parts.stage.setAttribute("aria-label", this.#title);
    if (name === "link") this.#join();
    if (name === "words") {
      this.disconnectedCallback();
      this.connectedCallback();
    }
  }

  get #title() {
    return this.getAttribute("title") || this.#words.fill("film");
  }

  #build() {
    this.#words = new Words(this.getAttribute("words"));
    this.#parts = buildShell(this.#words);
    this.#panel = new Panel(this.#parts, this.#words, this.closest("[lang]")?.lang || undefined);
    this.#display = new Display(this.#parts, (length) => this.#panel.length(this.#display.film, length), {
      changed: () => this.#panel.update(this.#display, this.hasAttribute("overlay")),
      told: (change) => this.#link && tell(this.#link, this, change),
      measured: (length) => this.#measured(length),
    });
    this.#listen();
    this.#parts.stage.setAttribute("aria-label", this.#title);
    this.shadowRoot.replaceChildren(this.#parts.root);
    this.#sizes.observe(this.#parts.stage);
  }

  #listen() {
    const { root, stage, centre, width, opacity, overlay } = this.#parts;
    root.addEventListener("click", (event) => this.#clicked(event));
    root.addEventListener("keydown", (event) => this.#pressed(event));
    [centre, width].forEach((field) => field.addEventListener("change", () => this.#typed()));
    opacity.addEventListener("input", () => this.#display.setOpacity(opacity.valueAsNumber / 100));
    overlay.addEventListener("load", () => this.#display.setOverlayLoaded(true));
    overlay.addEventListener("error", () => this.#panel.say(this.#words.fill("overlayFailed")));
    listen(stage, pointing(this.#display));
  }

  // ------------------------------------------------------------------ links

  #join() {
    if (this.#link) leave(this.#link, this);
    this.#link = this.getAttribute("link");
    if (this.#link) join(this.#link, this);
  }

  /** Does what another viewer of the same link did; called by links.js. */
  follow(change) {
    this.#display.follow(change);
  }

  // ------------------------------------------------------------------ loading

  async #load() {
    const start = performance.now();
    this.#loading?.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    this.#forget();
    if (!this.getAttribute("film")) return;
    this.#parts.stage.setAttribute("aria-busy", "true");
    this.#panel.say(this.#words.fill("loading"));
    try {
      const url = new URL(this.getAttribute("film"), document.baseURI).href;
      const [film, { FilmCanvas }] = await Promise.all([loadFilm(url, signal), import("./canvas.js")]);
      await this.#sized(signal);
      await this.#show(film, FilmCanvas, signal);
      this.#dispatch("film-shown", { ms: performance.now() - start });
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  /** The film is drawn, also on the screen. */
  async #show(film, FilmCanvas, signal) {
    try {
      await this.#display.show(film, FilmCanvas, this.getAttribute("renderer"), this.hasAttribute("invert"));
    } catch (error) {
      throw new FilmFailure("not-drawn", error.message);
    }
    signal.throwIfAborted();
    this.#parts.stage.removeAttribute("aria-busy");
    this.#panel.say(film.notes.map((note) => this.#words.fill(NOTES[note])).join(" "));
    this.#loadOverlay();
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    signal.throwIfAborted();
  }

  /** Wait until the stage has a size, which it has not while the page hides it. */
  async #sized(signal) {
    while (!this.#display.hasStage) {
      await new Promise((resolve) => setTimeout(resolve, ASKED_OFTEN_MS));
      signal.throwIfAborted();
    }
  }

  #forget() {
    this.#display.clear();
    this.#parts.alert.hidden = true;
    this.#parts.alert.replaceChildren();
    this.#parts.stage.hidden = false;
    this.#panel.say("");
    this.#loadOverlay();
  }

  #fail(error) {
    const code = error instanceof FilmFailure ? error.code : "not-drawn";
    const { stage, alert } = this.#parts;
    console.error("film-viewer:", code, error);
    this.#forget();
    stage.hidden = true;
    stage.removeAttribute("aria-busy");
    alert.hidden = false;
    alert.textContent = this.#words.fill(ERRORS[code]);
    this.#dispatch("film-failed", { code, detail: error.message, message: alert.textContent });
  }

  #dispatch(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  #loadOverlay() {
    const { overlay } = this.#parts;
    const url = this.getAttribute("overlay");
    overlay.removeAttribute("src");
    this.#display.setOverlayLoaded(false);
    if (this.#display.film && url) overlay.src = url;
  }

  // ------------------------------------------------------------------ commands

  #clicked(event) {
    const command = event.target.closest("button")?.dataset.command;
    if (command) this.#obey(command);
  }

  #pressed(event) {
    const found = asked(event, this.shadowRoot.activeElement);
    if (!found || this.#parts.help.open) return;
    event.preventDefault();
    event.stopPropagation();
    this.#display.isByKeys = true;
    this.#obey(found.command, found.direction);
  }

  #typed() {
    const centre = this.#parts.centre.valueAsNumber;
    const width = this.#parts.width.valueAsNumber;
    if (Number.isFinite(centre) && width >= 1) this.#display.setShownWindow({ centre, width });
    else this.#panel.update(this.#display, this.hasAttribute("overlay"));
  }

  #obey(command, direction) {
    if (command === "help") this.#toggleHelp();
    else if (this.#display.film) this.#change(command, direction);
  }

  #toggleHelp() {
    const { help } = this.#parts;
    if (help.open) help.close();
    else help.showModal();
  }

  #change(command, direction) {
    const display = this.#display;
    const step = direction?.map((way) => way * STRIDE);
    const commands = {
      zoomIn: () => display.zoom(STEP),
      zoomOut: () => display.zoom(1 / STEP),
      fit: () => display.fit(),
      oneToOne: () => display.oneToOne(),
      invert: () => display.setInvert(!display.isInverted),
      overlay: () => display.toggleOverlay(),
      fainter: () => display.setOpacity(display.overlay.opacity - FAINTER),
      stronger: () => display.setOpacity(display.overlay.opacity + FAINTER),
      clearLengths: () => display.clearLengths(),
      move: () => display.pan(step.map((pixels) => -pixels)),
      adjust: () => display.adjust(step),
      mark: () => display.tool === "lengthTool" && display.mark(),
      escape: () => display.dropLength(),
    };
    if (command in commands) commands[command]();
    else if (command.endsWith("Tool")) display.setTool(command);
    else display.setPreset(command);
  }

  #measured(length) {
    this.#panel.say(this.#words.fill("length", { length: this.#panel.length(this.#display.film, length) }));
  }
}

customElements.define("film-viewer", FilmViewer);
