/** Lengths that the reader has measured, drawn over the film. Their ends are points of the film. */
import { svg } from "./make.js";

const LABEL_GAP = 8; // CSS pixels between the end of a line and its label
const LABEL_WIDTH = 190; // CSS pixels that a label may need
const LABEL_HEIGHT = 20;

export class Lengths {
  #layer;
  #done = [];
  #pending = null;

  /** @param {SVGElement} layer over the stage */
  constructor(layer) {
    this.#layer = layer;
  }

  get all() {
    return [...this.#done];
  }

  get isPending() {
    return this.#pending !== null;
  }

  begin(at) {
    this.#pending = { from: at, to: at };
  }

  move(at) {
    if (this.#pending) this.#pending.to = at;
  }

  /** The finished length, or null where both ends are the same. */
  end() {
    const length = this.#pending;
    this.#pending = null;
    if (!length || (length.from[0] === length.to[0] && length.from[1] === length.to[1])) return null;
    this.#done.push(length);
    return length;
  }

  drop() {
    this.#pending = null;
  }

  clear() {
    this.#done = [];
    this.#pending = null;
  }

  /**
   * Nothing where nothing is given.
   *
   * @param {(point: number[]) => number[]} toStage from film points to CSS pixels
   * @param {(length: {from: number[], to: number[]}) => string} label
   * @param {number[] | null} cross where to mark by the keyboard, in CSS pixels
   */
  draw(toStage, label, cross = null) {
    const lengths = this.#pending ? [...this.#done, this.#pending] : this.#done;
    const width = this.#layer.clientWidth;
    const drawn = lengths.map((length) => line([toStage(length.from), toStage(length.to)], label(length), width));
    this.#layer.replaceChildren(...drawn, ...(cross ? [crosshair(cross)] : []));
  }
}

/** Twice each, a dark edge under a light line, so that it is seen on bone and on lung. */
function line(points, text, width) {
  const [[x1, y1], [x2, y2]] = points;
  const ends = { x1, y1, x2, y2 };
  const place = labelPlace(points, width);
  return svg(
    "g",
    {},
    svg("line", { class: "edge", ...ends }),
    svg("line", ends),
    ...points.map(([cx, cy]) => svg("circle", { cx, cy, r: 3 })),
    ...["edge", "text"].map((kind) => svg("text", { class: kind, ...place }, text)),
  );
}

/** Right of the end that is further right, or below it where the stage ends. */
function labelPlace(points, width) {
  const [x, y] = points[0][0] > points[1][0] ? points[0] : points[1];
  if (x + LABEL_GAP + LABEL_WIDTH <= width) return { x: x + LABEL_GAP, y };
  return { x: Math.min(x, width - LABEL_GAP), y: y + LABEL_HEIGHT, "text-anchor": "end" };
}

function crosshair([x, y]) {
  const d = `M${x - 14} ${y}h28M${x} ${y - 14}v28`;
  return svg("g", {}, svg("path", { class: "edge", d }), svg("path", { d }));
}
