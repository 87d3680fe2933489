/**
 * Where a film lies on the screen.
 *
 * A view is `{ zoom, x, y }`: device pixels a film pixel across, and the point of the film, in film pixels, in the
 * middle of the stage. A stage is `{ width, height, ratio }`, in CSS pixels and device pixels a CSS pixel. Film
 * points count from the film's upper left corner: pixel 0 reaches from 0 to 1.
 */

const LEAST = 0.5; // of the zoom that fits
const MOST = 32; // device pixels a film pixel

/** The zoom at which all of the film is seen. */
export function fittingZoom(film, { width, height, ratio }) {
  return ratio * Math.min(width / film.columns, height / (film.rows * film.aspect));
}

export function fitted(film, stage) {
  return { zoom: fittingZoom(film, stage), x: film.columns / 2, y: film.rows / 2 };
}

/** The same point in the middle, within limits, and film pixels on device pixels where they are as large. */
export function settled(film, stage, { zoom, x, y }) {
  const fitting = fittingZoom(film, stage);
  const kept = Math.min(Math.max(zoom, Math.min(LEAST * fitting, 1)), Math.max(MOST, fitting)); // 1:1 always may be
  const inside = { zoom: kept, x: within(x, film.columns), y: within(y, film.rows) };
  return kept === 1 ? onGrid(film, stage, inside) : inside;
}

function onGrid(film, { width, height, ratio }, { zoom, x, y }) {
  const halves = [Math.round(width * ratio) / 2, Math.round(height * ratio) / 2];
  const snapped = (at, half) => half - Math.round(half - at);
  return { zoom, x: snapped(x, halves[0]), y: film.aspect === 1 ? snapped(y, halves[1]) : y };
}

/** Zoom by `factor` with the film's point under the CSS pixel `at` held still. */
export function zoomedAt(film, stage, view, factor, at) {
  const [x, y] = toFilm(film, stage, view, at);
  const before = settled(film, stage, { ...view, zoom: view.zoom * factor });
  const share = view.zoom / before.zoom;
  return settled(film, stage, { zoom: before.zoom, x: x + (view.x - x) * share, y: y + (view.y - y) * share });
}

/** The view after the film was moved by CSS pixels. */
export function panned(film, stage, view, [right, down]) {
  const step = stage.ratio / view.zoom;
  return settled(film, stage, { zoom: view.zoom, x: view.x - right * step, y: view.y - (down * step) / film.aspect });
}

/** The film's point under a CSS pixel of the stage. */
export function toFilm(film, { width, height, ratio }, { zoom, x, y }, [left, top]) {
  const step = ratio / zoom;
  return [x + (left - width / 2) * step, y + ((top - height / 2) * step) / film.aspect];
}

/** The CSS pixel of the stage on which a film's point lies. */
export function toStage(film, { width, height, ratio }, { zoom, x, y }, [across, down]) {
  const step = zoom / ratio;
  return [width / 2 + (across - x) * step, height / 2 + (down - y) * step * film.aspect];
}

/** Length between two film points: `{ value, unit }`, in mm where the spacing is known, else in film pixels. */
export function lengthOf({ spacing, aspect }, [x1, y1], [x2, y2]) {
  if (!spacing) return { value: Math.hypot(x2 - x1, (y2 - y1) * aspect), unit: "px" };
  const value = Math.hypot((x2 - x1) * spacing.column, (y2 - y1) * spacing.row);
  return { value, unit: spacing.where === "detector" ? "mm-detector" : "mm" };
}

function within(value, side) {
  return Math.min(Math.max(value, 0), side);
}
