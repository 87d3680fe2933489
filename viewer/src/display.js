/**
 * One film as the reader sees it: window, view, heat map, and lengths, drawn again whenever one changes.
 *
 * `on.changed()` is called after each change, `on.told(change)` where linked viewers should do the same, and
 * `on.measured(length)` when a length is finished.
 */
import { Lengths } from "./lengths.js";
import { ownWindow, sharedWindow } from "./links.js";
import { presetWindow, shownWindow, windowFrom } from "./tones.js";
import { fitted, fittingZoom, lengthOf, panned, settled, toFilm, toStage, zoomedAt } from "./view.js";

const SWEEP = 400; // CSS pixels of dragging that move a window by its own width
const DOUBLING = 200; // CSS pixels of dragging that double a window

export class Display {
  film = null;
  view = null;
  isFit = true;
  window = null;
  preset = "stored";
  isInverted = false;
  tool = "windowTool";
  overlay = { isLoaded: false, isShown: true, opacity: 0.5 };
  isByKeys = false; // whether the reader's last move was with the keyboard
  #parts;
  #on;
  #canvas;
  #lengths;
  #label;

  /**
   * @param {object} parts of shell.js
   * @param {(length: {from: number[], to: number[]}) => string} label a length in words
   */
  constructor(parts, label, on) {
    this.#parts = parts;
    this.#label = label;
    this.#on = on;
    this.#lengths = new Lengths(parts.lengths);
  }

  /** In CSS pixels, and the screen's pixels a CSS pixel. */
  get stage() {
    const { clientWidth: width, clientHeight: height } = this.#parts.stage;
    return { width, height, ratio: devicePixelRatio };
  }

  get hasStage() {
    return this.stage.width >= 2 && this.stage.height >= 2;
  }

  get middle() {
    return [this.stage.width / 2, this.stage.height / 2];
  }

  get lengths() {
    return this.film ? this.#lengths.all.map(({ from, to }) => ({ from, to, ...lengthOf(this.film, from, to) })) : [];
  }

  get shownWindow() {
    return this.film && shownWindow(this.film, this.window);
  }

  get renderer() {
    return this.film ? (this.#canvas.isByCard ? "card" : "processor") : null;
  }

  /** @param FilmCanvas of canvas.js, which is loaded late */
  async show(film, FilmCanvas, wish, isInverted) {
    this.#canvas ??= new FilmCanvas(this.#parts.canvas);
    await this.#canvas.show(film, wish);
    this.film = film;
    this.isInverted = isInverted;
    this.setPreset("stored", false);
    this.setView(fitted(film, this.stage), true, false);
  }

  clear() {
    this.#canvas?.clear();
    this.film = this.view = this.window = null;
    this.#lengths.clear();
    this.#lengths.draw();
    this.#on.changed();
  }

  setTool(tool) {
    this.tool = tool;
    this.#lengths.drop();
    this.place();
  }

  // ------------------------------------------------------------------ window

  setPreset(preset, isTold = true) {
    this.#setWindow(presetWindow(this.film, preset), preset);
    if (isTold) this.#on.told({ preset });
  }

  /** Dragging right widens the window, dragging down darkens the film. */
  adjust([right, down]) {
    const { lower, upper } = this.window;
    const darker = ((down * Math.max(upper - lower, 1)) / SWEEP) * (this.#isDrawnInverted ? -1 : 1);
    const half = Math.max(((upper - lower) / 2) * 2 ** (right / DOUBLING), 0.5);
    const middle = (lower + upper) / 2 + darker;
    this.#setOwnWindow({ lower: middle - half, upper: middle + half });
  }

  /** @param {{centre: number, width: number}} window in the units of the header */
  setShownWindow(window) {
    this.#setOwnWindow(windowFrom(this.film, window));
  }

  setInvert(isInverted, isTold = true) {
    this.isInverted = isInverted;
    this.#drawWindow();
    if (isTold) this.#on.told({ isInverted });
  }

  get #isDrawnInverted() {
    return this.film.isInverted !== this.isInverted;
  }

  #setOwnWindow(range) {
    this.#setWindow(range);
    this.#on.told({ window: sharedWindow(this.film, this.window) });
  }

  #setWindow({ lower, upper }, preset = null) {
    this.window = { lower, upper: Math.max(upper, lower + 1e-3) };
    this.preset = preset;
    this.#drawWindow();
  }

  #drawWindow() {
    this.#canvas.setWindow(this.window, this.#isDrawnInverted);
    this.#on.changed();
  }

  // ------------------------------------------------------------------ view

  fit() {
    this.setView(fitted(this.film, this.stage), true);
  }

  /** @param {number[]} at the CSS pixel that is held still */
  zoom(factor, at = this.middle) {
    this.setView(zoomedAt(this.film, this.stage, this.view, factor, at));
  }

  oneToOne() {
    this.zoom(1 / this.view.zoom);
  }

  /** @param {number[]} step right and down, in CSS pixels */
  pan(step) {
    this.setView(panned(this.film, this.stage, this.view, step));
  }

  centreOn(at) {
    const [x, y] = this.toFilm(at);
    this.setView(settled(this.film, this.stage, { zoom: this.view.zoom, x, y }));
  }

  setView(view, isFit = false, isTold = true) {
    this.isFit = isFit;
    this.view = view;
    this.place();
    const share = view.zoom / fittingZoom(this.film, this.stage);
    const [across, down] = [view.x / this.film.columns, view.y / this.film.rows];
    if (isTold) this.#on.told({ view: { share, across, down, isFit } });
  }

  resized() {
    if (!this.film || !this.hasStage) return;
    this.#canvas.resize();
    const view = this.isFit ? fitted(this.film, this.stage) : settled(this.film, this.stage, this.view);
    this.setView(view, this.isFit, false);
  }

  /** Draws film, heat map, and lengths where the view says. */
  place() {
    if (!this.film) return;
    this.#canvas.setView(this.view);
    const { rows, columns, aspect } = this.film;
    const { overlay } = this.#parts;
    const scale = this.view.zoom / devicePixelRatio;
    const [left, top] = this.#toStage([0, 0]);
    overlay.style.width = `${columns * scale}px`;
    overlay.style.height = `${rows * aspect * scale}px`;
    overlay.style.transform = `translate(${left}px, ${top}px)`;
    const isMarking = this.tool === "lengthTool" && this.isByKeys;
    if (isMarking) this.#lengths.move([this.view.x, this.view.y]);
    this.#lengths.draw((point) => this.#toStage(point), this.#label, isMarking ? this.middle : null);
    this.#on.changed();
  }

  toFilm(point) {
    return toFilm(this.film, this.stage, this.view, point);
  }

  #toStage(point) {
    return toStage(this.film, this.stage, this.view, point);
  }

  /** Does what a linked viewer told. */
  follow({ preset, window, isInverted, view }) {
    if (!this.film) return;
    if (preset) this.setPreset(preset, false);
    if (window) this.#setWindow(ownWindow(this.film, window));
    if (isInverted !== undefined) this.setInvert(isInverted, false);
    if (!view) return;
    const { columns, rows } = this.film;
    const zoom = view.share * fittingZoom(this.film, this.stage);
    const own = settled(this.film, this.stage, { zoom, x: view.across * columns, y: view.down * rows });
    this.setView(own, view.isFit, false);
  }

  // ------------------------------------------------------------------ heat map

  setOverlayLoaded(isLoaded) {
    this.overlay.isLoaded = isLoaded;
    this.#on.changed();
  }

  toggleOverlay() {
    this.overlay.isShown = !this.overlay.isShown;
    this.#on.changed();
  }

  setOpacity(opacity) {
    this.overlay.opacity = Math.min(Math.max(Math.round(opacity * 100) / 100, 0), 1);
    this.#on.changed();
  }

  // ------------------------------------------------------------------ lengths

  get isMeasuring() {
    return this.#lengths.isPending;
  }

  /** @param {number[]} at a point of the film */
  beginLength(at) {
    this.#lengths.begin(at);
    this.place();
  }

  moveLength(at) {
    this.#lengths.move(at);
    this.place();
  }

  endLength() {
    const length = this.#lengths.end();
    if (length) this.#on.measured(length);
    this.place();
  }

  /** One end after the other, in the middle of the stage. */
  mark() {
    const at = [this.view.x, this.view.y];
    if (!this.isMeasuring) this.beginLength(at);
    else {
      this.#lengths.move(at);
      this.endLength();
    }
  }

  dropLength() {
    this.#lengths.drop();
    this.place();
  }

  clearLengths() {
    this.#lengths.clear();
    this.place();
  }
}
