/**
 * The element `<film-viewer>`: one film with its window, zoom, overlay, and lengths.
 *
 * The drawing is loaded when the first film is, so that the page itself is light. Nothing is fetched but the files
 * beside this one, the film, and the overlay. Its attributes and events are in docs/viewer.md.
 */
import { FilmFailure } from "./failure.js";
import { listen } from "./gestures.js";
import { asked } from "./keys.js";
import { Lengths } from "./lengths.js";
import { join, leave, ownWindow, sharedWindow, tell } from "./links.js";
import { loadFilm } from "./load.js";
import { buildShell } from "./shell.js";
import style from "./style.css?inline";
import { presetWindow, shownWindow, windowFrom } from "./tones.js";
import { fitted, fittingZoom, lengthOf, panned, settled, toFilm, toStage, zoomedAt } from "./view.js";
import { Words } from "./words.js";

const sheet = new CSSStyleSheet();
sheet.replaceSync(style);

const STEP = 1.25; // of zoom, a button or key press
const STRIDE = 40; // CSS pixels, an arrow key
const SWEEP = 400; // CSS pixels of dragging that change a window by its own width
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
const UNITS = { mm: "mm", "mm-detector": "mmDetector", px: "px" };

export class FilmViewer extends HTMLElement {
  static observedAttributes = ["film", "overlay", "title", "words", "link"];

  #words;
  #parts;
  #canvas;
  #lengths;
  #loading; // AbortController of the film that is on its way
  #film = null;
  #view = null;
  #isFit = true;
  #window = null;
  #preset = "stored";
  #isInverted = false;
  #tool = "windowTool";
  #overlay = { isLoaded: false, isShown: true, opacity: 0.5 };
  #isByKeys = false; // whether the reader's last move was with the keyboard
  #link = null;
  #sizes = new ResizeObserver(() => this.#resized());

  /** What is shown, for scripts and tests; a copy. */
  get state() {
    const film = this.#film;
    return {
      shown: film !== null,
      window: film && shownWindow(film, this.#window),
      preset: this.#preset,
      zoom: this.#view?.zoom ?? null,
      centre: this.#view && [this.#view.x, this.#view.y],
      fit: this.#isFit,
      invert: this.#isInverted,
      overlay: this.#overlay.isLoaded && this.#overlay.isShown,
      overlayOpacity: this.#overlay.opacity,
      tool: this.#tool.replace("Tool", ""),
      lengths: film ? this.#lengths.all.map(({ from, to }) => ({ from, to, ...lengthOf(film, from, to) })) : [],
      film: film && { rows: film.rows, columns: film.columns, bits: film.bits, spacing: film.spacing, notes: [...film.notes] },
      renderer: film ? (this.#canvas.isByCard ? "card" : "processor") : null,
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
    this.#canvas?.clear();
    this.#canvas = undefined;
    this.#film = null;
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

  get #stage() {
    const { clientWidth: width, clientHeight: height } = this.#parts.stage;
    return { width, height, ratio: devicePixelRatio };
  }

  // ------------------------------------------------------------------ building

  #build() {
    this.#words = new Words(this.getAttribute("words"));
    this.#parts = buildShell(this.#words);
    const { root, stage, lengths, centre, width, opacity, overlay } = this.#parts;
    stage.setAttribute("aria-label", this.#title);
    this.#lengths = new Lengths(lengths);
    root.addEventListener("click", (event) => this.#clicked(event));
    root.addEventListener("keydown", (event) => this.#pressed(event));
    [centre, width].forEach((field) => field.addEventListener("change", () => this.#typed()));
    opacity.addEventListener("input", () => this.#setOpacity(opacity.valueAsNumber / 100));
    overlay.addEventListener("load", () => this.#overlayLoaded());
    overlay.addEventListener("error", () => this.#overlayFailed());
    listen(stage, this.#gestures());
    this.shadowRoot.replaceChildren(root);
    this.#sizes.observe(stage);
    this.#update();
  }

  #join() {
    if (this.#link) leave(this.#link, this);
    this.#link = this.getAttribute("link");
    if (this.#link) join(this.#link, this);
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
    this.#say(this.#words.fill("loading"));
    try {
      const url = new URL(this.getAttribute("film"), document.baseURI).href;
      const [film, { FilmCanvas }] = await Promise.all([loadFilm(url, signal), import("./canvas.js")]);
      await this.#sized(signal);
      await this.#show(film, FilmCanvas, signal);
      this.dispatchEvent(this.#event("film-shown", { ms: performance.now() - start }));
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  /** The film is drawn, also on the screen. */
  async #show(film, FilmCanvas, signal) {
    this.#canvas ??= new FilmCanvas(this.#parts.canvas);
    try {
      await this.#canvas.show(film, this.getAttribute("renderer"));
    } catch (error) {
      throw new FilmFailure("not-drawn", error.message);
    }
    signal.throwIfAborted();
    this.#film = film;
    this.#parts.stage.removeAttribute("aria-busy");
    this.#say(film.notes.map((note) => this.#words.fill(NOTES[note])).join(" "));
    this.#setPreset("stored", false);
    this.#setView(fitted(film, this.#stage), true, false);
    this.#loadOverlay();
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    signal.throwIfAborted();
  }

  /** Wait until the stage has a size, which it has not while the page hides it. */
  async #sized(signal) {
    while (this.#parts.stage.clientWidth < 2 || this.#parts.stage.clientHeight < 2) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      signal.throwIfAborted();
    }
  }

  #forget() {
    this.#canvas?.clear();
    this.#film = this.#view = this.#window = null;
    this.#isInverted = this.hasAttribute("invert");
    this.#lengths.clear();
    this.#parts.alert.hidden = true;
    this.#parts.alert.replaceChildren();
    this.#parts.stage.hidden = false;
    this.#say("");
    this.#loadOverlay();
    this.#update();
  }

  #fail(error) {
    const code = error instanceof FilmFailure ? error.code : "not-drawn";
    console.error("film-viewer:", code, error);
    this.#forget();
    this.#parts.stage.hidden = true;
    this.#parts.stage.removeAttribute("aria-busy");
    this.#parts.alert.hidden = false;
    this.#parts.alert.textContent = this.#words.fill(ERRORS[code]);
    this.dispatchEvent(this.#event("film-failed", { code, detail: error.message, message: this.#parts.alert.textContent }));
  }

  #event(name, detail) {
    return new CustomEvent(name, { detail, bubbles: true, composed: true });
  }

  #loadOverlay() {
    const { overlay } = this.#parts;
    this.#overlay.isLoaded = false;
    overlay.removeAttribute("src");
    const url = this.getAttribute("overlay");
    if (this.#film && url) overlay.src = url;
    this.#update();
  }

  #overlayLoaded() {
    this.#overlay.isLoaded = true;
    this.#place();
  }

  #overlayFailed() {
    this.#say(this.#words.fill("overlayFailed"));
  }

  // ------------------------------------------------------------------ commands

  #clicked(event) {
    const command = event.target.closest("button")?.dataset.command;
    if (command) this.#do(command);
  }

  #pressed(event) {
    const found = asked(event, this.shadowRoot.activeElement);
    if (!found || this.#parts.help.open) return;
    event.preventDefault();
    event.stopPropagation();
    this.#isByKeys = true;
    this.#do(found.command, found.direction);
  }

  #do(command, direction) {
    if (command === "help") this.#toggleHelp();
    if (!this.#film) return;
    const stage = this.#stage;
    const middle = [stage.width / 2, stage.height / 2];
    const zoom = (factor) => this.#setView(zoomedAt(this.#film, stage, this.#view, factor, middle));
    const commands = {
      zoomIn: () => zoom(STEP),
      zoomOut: () => zoom(1 / STEP),
      fit: () => this.#setView(fitted(this.#film, stage), true),
      oneToOne: () => zoom(1 / this.#view.zoom),
      invert: () => this.#setInvert(!this.#isInverted),
      overlay: () => this.#showOverlay(!this.#overlay.isShown),
      fainter: () => this.#setOpacity(this.#overlay.opacity - FAINTER),
      stronger: () => this.#setOpacity(this.#overlay.opacity + FAINTER),
      clearLengths: () => this.#clearLengths(),
      move: () => this.#setView(panned(this.#film, stage, this.#view, direction.map((way) => -way * STRIDE))),
      adjust: () => this.#adjust(direction.map((way) => way * STRIDE)),
      mark: () => this.#tool === "lengthTool" && this.#mark([this.#view.x, this.#view.y]),
      escape: () => this.#dropLength(),
    };
    if (command.endsWith("Tool")) this.#setTool(command);
    else if (commands[command]) commands[command]();
    else if (command in { stored: 1, auto: 1, lung: 1, bone: 1 }) this.#setPreset(command);
  }

  #toggleHelp() {
    const { help } = this.#parts;
    if (help.open) help.close();
    else help.showModal();
  }

  #setTool(tool) {
    this.#tool = tool;
    this.#lengths.drop();
    this.#place();
  }

  // ------------------------------------------------------------------ window

  #setPreset(preset, isTold = true) {
    this.#setWindow(presetWindow(this.#film, preset), preset);
    if (isTold) this.#tell({ preset });
  }

  #setWindow({ lower, upper }, preset = null) {
    this.#window = { lower, upper: Math.max(upper, lower + 1e-3) };
    this.#preset = preset;
    this.#drawWindow();
  }

  #drawWindow() {
    this.#canvas.setWindow(this.#window, this.#film.isInverted !== this.#isInverted);
    this.#update();
  }

  /** Dragging right widens the window, dragging down darkens the film. */
  #adjust([right, down]) {
    const { lower, upper } = this.#window;
    const unit = Math.max(upper - lower, 1) / SWEEP;
    const darker = down * unit * (this.#film.isInverted !== this.#isInverted ? -1 : 1);
    const half = Math.max(((upper - lower) / 2) * 2 ** (right / SWEEP * 2), 0.5);
    const middle = (lower + upper) / 2 + darker;
    this.#setOwnWindow({ lower: middle - half, upper: middle + half });
  }

  #typed() {
    if (!this.#film) return;
    const centre = this.#parts.centre.valueAsNumber;
    const width = this.#parts.width.valueAsNumber;
    if (Number.isFinite(centre) && width >= 1) this.#setOwnWindow(windowFrom(this.#film, { centre, width }));
    else this.#update();
  }

  #setOwnWindow(range) {
    this.#setWindow(range);
    this.#tell({ window: sharedWindow(this.#film, this.#window) });
  }

  #setInvert(isInverted, isTold = true) {
    this.#isInverted = isInverted;
    this.#drawWindow();
    if (isTold) this.#tell({ isInverted });
  }

  // ------------------------------------------------------------------ view

  #setView(view, isFit = false, isTold = true) {
    this.#isFit = isFit;
    this.#view = view;
    this.#place();
    const { zoom, x, y } = view;
    const { columns, rows } = this.#film;
    const share = zoom / fittingZoom(this.#film, this.#stage);
    if (isTold) this.#tell({ view: { share, across: x / columns, down: y / rows, isFit } });
  }

  #resized() {
    if (!this.#film || this.#stage.width < 2 || this.#stage.height < 2) return;
    this.#canvas.resize();
    const view = this.#isFit ? fitted(this.#film, this.#stage) : settled(this.#film, this.#stage, this.#view);
    this.#setView(view, this.#isFit, false);
  }

  /** Draws film, overlay, and lengths where the view says. */
  #place() {
    if (!this.#film) return;
    this.#canvas.setView(this.#view);
    const { rows, columns, aspect } = this.#film;
    const { overlay } = this.#parts;
    const [left, top] = this.#toStage([0, 0]);
    const scale = this.#view.zoom / devicePixelRatio;
    overlay.style.width = `${columns * scale}px`;
    overlay.style.height = `${rows * aspect * scale}px`;
    overlay.style.transform = `translate(${left}px, ${top}px)`;
    const isMarking = this.#tool === "lengthTool" && this.#isByKeys;
    const cross = isMarking ? [this.#stage.width / 2, this.#stage.height / 2] : null;
    if (isMarking) this.#lengths.move([this.#view.x, this.#view.y]);
    this.#lengths.draw((point) => this.#toStage(point), ({ from, to }) => this.#spoken(from, to), cross);
    this.#update();
  }

  #toStage(point) {
    return toStage(this.#film, this.#stage, this.#view, point);
  }

  #toFilm(point) {
    return toFilm(this.#film, this.#stage, this.#view, point);
  }

  // ------------------------------------------------------------------ links

  #tell(change) {
    if (this.#link) tell(this.#link, this, change);
  }

  /** Does what another viewer of the same link did; called by links.js. */
  follow({ preset, window, isInverted, view }) {
    if (!this.#film) return;
    if (preset) this.#setPreset(preset, false);
    if (window) this.#setWindow(ownWindow(this.#film, window));
    if (isInverted !== undefined) this.#setInvert(isInverted, false);
    if (!view) return;
    const { columns, rows } = this.#film;
    const zoom = view.share * fittingZoom(this.#film, this.#stage);
    const own = settled(this.#film, this.#stage, { zoom, x: view.across * columns, y: view.down * rows });
    this.#setView(own, view.isFit, false);
  }

  // ------------------------------------------------------------------ overlay

  #showOverlay(isShown) {
    this.#overlay.isShown = isShown;
    this.#update();
  }

  #setOpacity(opacity) {
    this.#overlay.opacity = Math.min(Math.max(Math.round(opacity * 100) / 100, 0), 1);
    this.#update();
  }

  // ------------------------------------------------------------------ lengths

  #mark(at) {
    if (this.#lengths.isPending) {
      this.#lengths.move(at);
      this.#finishLength();
    } else this.#lengths.begin(at);
    this.#place();
  }

  #finishLength() {
    const length = this.#lengths.end();
    if (length) this.#say(this.#words.fill("length", { length: this.#spoken(length.from, length.to) }));
  }

  #spoken(from, to) {
    const { value, unit } = lengthOf(this.#film, from, to);
    return this.#words.fill(UNITS[unit], { value: this.#number(value, unit === "px" ? 0 : 1) });
  }

  #clearLengths() {
    this.#lengths.clear();
    this.#place();
  }

  #dropLength() {
    this.#lengths.drop();
    this.#place();
  }

  // ------------------------------------------------------------------ pointers

  #gestures() {
    const guarded = (action) => (...given) => (this.#film ? action(...given) : undefined);
    return {
      tool: () => this.#tool.replace("Tool", ""),
      begin: guarded((tool, at) => this.#begin(tool, at)),
      drag: guarded((tool, step, at, start) => this.#drag(tool, step, at, start)),
      end: guarded((tool, at, isTap) => this.#lift(tool, at, isTap)),
      hover: guarded((at) => this.#hover(at)),
      pinch: guarded((factor, at, step) => {
        this.#lengths.drop();
        const moved = panned(this.#film, this.#stage, this.#view, step);
        this.#setView(zoomedAt(this.#film, this.#stage, moved, factor, at));
      }),
      wheel: guarded((pixels, at) => this.#setView(zoomedAt(this.#film, this.#stage, this.#view, Math.exp(-pixels / 500), at))),
    };
  }

  #isJustBegun = false;

  #begin(tool, at) {
    this.#isByKeys = false;
    if (tool !== "length" || this.#lengths.isPending) return;
    this.#isJustBegun = true;
    this.#lengths.begin(this.#toFilm(at));
    this.#place();
  }

  #drag(tool, step, at, start) {
    if (tool === "window") this.#adjust(step);
    if (tool === "pan") this.#setView(panned(this.#film, this.#stage, this.#view, step));
    if (tool === "zoom") this.#setView(zoomedAt(this.#film, this.#stage, this.#view, Math.exp(-step[1] / 200), start));
    if (tool === "length") this.#hover(at);
  }

  #hover(at) {
    if (this.#isByKeys || !this.#lengths.isPending) return;
    this.#lengths.move(this.#toFilm(at));
    this.#place();
  }

  /** A tap with the length tool marks one end, and the next tap the other; a drag marks both. */
  #lift(tool, at, isTap) {
    if (tool === "pan" && isTap) {
      const [x, y] = this.#toFilm(at);
      this.#setView(settled(this.#film, this.#stage, { zoom: this.#view.zoom, x, y }));
    }
    if (tool !== "length") return;
    const isFirstTap = isTap && this.#isJustBegun;
    this.#isJustBegun = false;
    if (!isFirstTap) {
      this.#hover(at);
      this.#finishLength();
    }
    this.#place();
  }

  // ------------------------------------------------------------------ words and buttons

  #say(text) {
    this.#parts.said.textContent = text;
  }

  #number(value, digits) {
    const language = this.closest("[lang]")?.lang || undefined;
    return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
  }

  /** The toolbar and the lines below say what is so. */
  #update() {
    const { buttons, opacity, overlay, overlayGroup, legend, centre, width, facts } = this.#parts;
    const film = this.#film;
    const press = (name, isPressed) => buttons[name].setAttribute("aria-pressed", String(isPressed));
    ["windowTool", "panTool", "zoomTool", "lengthTool"].forEach((tool) => press(tool, tool === this.#tool));
    ["stored", "auto", "lung", "bone"].forEach((preset) => press(preset, film !== null && preset === this.#preset));
    press("fit", film !== null && this.#isFit);
    press("oneToOne", this.#view?.zoom === 1);
    press("invert", this.#isInverted);
    press("overlay", this.#overlay.isShown);
    Object.entries(buttons).forEach(([name, button]) => (button.disabled = !film && name !== "help"));
    [centre, width, opacity].forEach((field) => (field.disabled = !film));
    buttons.clearLengths.disabled = !film || this.#lengths.all.length === 0;
    overlayGroup.hidden = !this.getAttribute("overlay");
    overlay.hidden = legend.hidden = !(this.#overlay.isLoaded && this.#overlay.isShown);
    overlay.style.opacity = String(this.#overlay.opacity);
    opacity.value = String(this.#overlay.opacity * 100);
    if (film) {
      const { centre: middle, width: span } = shownWindow(film, this.#window);
      centre.value = String(Math.round(middle * 100) / 100);
      width.value = String(Math.round(span * 100) / 100);
    }
    facts.textContent = film && this.#view ? this.#facts() : "";
  }

  #facts() {
    const percent = `${this.#number(this.#view.zoom * 100, 0)} %`;
    const scale = { detector: "atDetector" }[this.#film.spacing?.where];
    const words = [this.#words.fill("zoomed", { percent })];
    if (!this.#film.spacing) words.push(this.#words.fill("noSpacing"));
    else if (scale) words.push(this.#words.fill(scale));
    return words.join(" · ");
  }
}

customElements.define("film-viewer", FilmViewer);
