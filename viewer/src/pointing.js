/** What presses, drags, and fingers do to the film, by the tool that is chosen. */

const DRAG_ZOOM = 200; // CSS pixels of dragging that change the zoom by e
const WHEEL_ZOOM = 500; // the same of the wheel

/**
 * @param {import("./display.js").Display} display
 * @returns what gestures.js listens for; without a film nothing happens
 */
export function pointing(display) {
  let isFirstEnd = false; // of a length: whether this press marked it

  const begin = (tool, at) => {
    display.isByKeys = false;
    if (tool !== "length" || display.isMeasuring) return;
    isFirstEnd = true;
    display.beginLength(display.toFilm(at));
  };
  const hover = (at) => {
    if (display.isMeasuring && !display.isByKeys) display.moveLength(display.toFilm(at));
  };
  const drag = (tool, step, at, start) => {
    if (tool === "window") display.adjust(step);
    if (tool === "pan") display.pan(step);
    if (tool === "zoom") display.zoom(Math.exp(-step[1] / DRAG_ZOOM), start);
    if (tool === "length") hover(at);
  };
  /** A tap with the length tool marks one end, and the next tap the other; a drag marks both. */
  const end = (tool, at, isTap) => {
    if (tool === "pan" && isTap) display.centreOn(at);
    if (tool !== "length") return;
    const isMore = isTap && isFirstEnd;
    isFirstEnd = false;
    if (isMore) return;
    hover(at);
    display.endLength();
  };
  const pinch = (factor, at, step) => {
    display.dropLength();
    display.pan(step);
    display.zoom(factor, at);
  };
  const wheel = (pixels, at) => display.zoom(Math.exp(-pixels / WHEEL_ZOOM), at);

  const guarded = (action) => (...given) => {
    if (display.film) action(...given);
  };
  const actions = Object.entries({ begin, drag, end, hover, pinch, wheel });
  return {
    tool: () => display.tool.replace("Tool", ""),
    ...Object.fromEntries(actions.map(([name, action]) => [name, guarded(action)])),
  };
}
