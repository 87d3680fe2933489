/** Tones of a film: how often each value occurs, and the windows that the buttons set by that. */

const CELLS = 65536;
const OFFSET = 32768; // signed films count from here

/**
 * @param values one of the integer arrays of 8 or 16 bits
 * @param {[number, number] | null} padding stored values that are no part of the film
 */
export function histogramOf(values, padding) {
  const isSigned = values instanceof Int16Array || values instanceof Int8Array;
  const offset = isSigned ? OFFSET : 0;
  const counts = new Uint32Array(CELLS);
  for (let i = 0; i < values.length; i++) counts[values[i] + offset]++;
  const hasPadding = padding !== null && emptied(counts, padding, offset);
  const first = counts.findIndex((count) => count > 0);
  const last = counts.findLastIndex((count) => count > 0);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return { counts, offset, total, least: first - offset, most: last - offset, hasPadding };
}

/** Take the padding out of the counts, unless the film is nothing else; whether any was taken. */
function emptied(counts, [from, to], offset) {
  const padded = counts.slice(Math.max(0, from + offset), to + offset + 1);
  const n = padded.reduce((sum, count) => sum + count, 0);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (n === 0 || n === total) return false;
  counts.fill(0, Math.max(0, from + offset), to + offset + 1);
  return true;
}

/** The value below or at which `share` (0..1) of the pixels lie. */
export function quantile({ counts, offset, total, least, most }, share) {
  const wanted = share * total;
  let seen = 0;
  for (let cell = least + offset; cell <= most + offset; cell++) {
    seen += counts[cell];
    if (seen >= wanted && seen > 0) return cell - offset;
  }
  return most;
}

/** Shares of the film, dark to bright, between which each button's window lies; lungs are the dark half of a film. */
const SHARES = { auto: [0.01, 0.99], lung: [0.02, 0.65], bone: [0.4, 0.999] };

/**
 * @param {"stored"|"auto"|"lung"|"bone"} name "stored" is the window of the file's header
 * @returns {{lower: number, upper: number}} in stored values
 */
export function presetWindow(film, name) {
  if (name === "stored") return { ...film.window };
  const shares = film.isInverted ? SHARES[name].map((share) => 1 - share).reverse() : SHARES[name];
  const [lower, upper] = shares.map((share) => film.quantiles[Math.round(share * 1000)]);
  return lower < upper ? { lower, upper } : { ...film.window };
}

/** A window in stored values as centre and width in the units of the header (PS3.3 C.11.2.1.2). */
export function shownWindow({ slope, intercept }, { lower, upper }) {
  const width = Math.abs(slope) * (upper - lower) + 1;
  return { centre: ((lower + upper) / 2) * slope + intercept + 0.5, width };
}

/** The reverse of `shownWindow`. */
export function windowFrom({ slope, intercept }, { centre, width }) {
  const half = Math.max(width - 1, 1e-3) / 2 / Math.abs(slope);
  const middle = (centre - 0.5 - intercept) / slope;
  return { lower: middle - half, upper: middle + half };
}
