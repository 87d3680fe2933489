/**
 * Decoded samples become one grey value a pixel, in the standard's order: stored bits, colour, padding, modality
 * LUT, VOI LUT (PS3.3 C.7.6.3, C.7.5.1.1.2, C.11.1, C.11.2).
 *
 * Rescale, window, and polarity are left to the display, so that 16 bits stay 16 bits. A LUT is applied here, since
 * the display only knows windows; whoever windows such a film windows what its LUT gives.
 */
import { FilmFailure } from "./failure.js";
import { histogramOf, quantile } from "./tones.js";

const LUMA = [19595, 38470, 7471]; // of 65536: ITU-R Rec. 601, as hilum.imaging.colour
const FLAT = 0.99; // a window that turns so large a share of the film to one end is not used, as hilum.imaging.window
const ROBUST = [0.001, 0.999];
const USUAL_DEPTHS = [8, 10, 12, 14, 16];
const WIDEST = 65535;

/**
 * @returns the film that the page shows: `values` (rows x columns, row by row), `least` and `most` of them, `quantiles`
 *   (1001, dark to bright of stored values), `window` {lower, upper} in stored values, `slope` and `intercept` to the
 *   units of the header, `isInverted` where low values are bright, and `notes` (codes)
 */
export function greyFilm(unpacked, facts) {
  const notes = [];
  let values = storedValues(luminance(unpacked, facts), unpacked);
  let tones = histogramOf(values, facts.padding);
  if (tones.hasPadding) values = withoutPadding(values, tones, facts);
  const film = { rows: unpacked.rows, columns: unpacked.columns, spacing: facts.spacing, aspect: facts.aspect };
  film.bits = unpacked.bitsStored;
  let { slope, intercept } = facts;
  const { table, range } = tableOf(tones, facts);
  if (table) {
    values = mapped(values, tones.least, table);
    tones = histogramOf(values, null);
    [slope, intercept] = [1, 0];
  }
  film.isInverted = facts.isInverted !== slope < 0;
  let window = range ?? (facts.window && !table ? storedWindow(facts.window, slope, intercept) : null);
  if (window && isFlat(tones, window)) {
    notes.push("flat-window");
    window = null;
  }
  if (facts.frames > 1) notes.push("first-frame");
  if (unpacked.samplesPerPixel === 3) notes.push("colour");
  window ??= rangedWindow(tones, unpacked.bitsStored);
  const quantiles = Float64Array.from({ length: 1001 }, (_, k) => quantile(tones, k / 1000));
  return { ...film, values, least: tones.least, most: tones.most, quantiles, window, slope, intercept, notes };
}

function luminance(unpacked, facts) {
  const { photometricInterpretation: kind, pixelData, rows, columns, planarConfiguration } = unpacked;
  const n = rows * columns;
  if (kind.startsWith("MONOCHROME")) return pixelData.length > n ? pixelData.subarray(0, n) : pixelData;
  if (kind === "PALETTE COLOR") return paletteLuminance(pixelData, facts.palette);
  const isSubsampled = pixelData.length === 2 * n; // Y1 Y2 Cb Cr
  const step = isSubsampled ? 2 : planarConfiguration ? 1 : 3;
  const grey = new pixelData.constructor(n);
  if (kind.startsWith("YBR_FULL")) {
    const offset = isSubsampled ? (i) => 4 * (i >> 1) + (i & 1) : (i) => i * step;
    for (let i = 0; i < n; i++) grey[i] = pixelData[offset(i)];
    return grey;
  }
  const [g, b] = planarConfiguration ? [n, 2 * n] : [1, 2];
  for (let i = 0, at = 0; i < n; i++, at += step)
    grey[i] = (pixelData[at] * LUMA[0] + pixelData[at + g] * LUMA[1] + pixelData[at + b] * LUMA[2] + 32768) / 65536;
  return grey;
}

function paletteLuminance(pixelData, palette) {
  if (palette.some((table) => !table)) throw new FilmFailure("damaged", "the palette is missing");
  const shift = Math.max(...palette.flatMap(({ values }) => Array.from(values.subarray(0, 4096)))) > 255 ? 8 : 0;
  const shades = palette.map(({ first, values }) => (index) => values[clamp(index - first, 0, values.length - 1)] >> shift);
  const table = Uint8Array.from({ length: 65536 }, (_, index) =>
    shades.reduce((sum, shade, channel) => sum + shade(index) * LUMA[channel], 32768) / 65536);
  return Uint8Array.from(pixelData, (index) => table[index]);
}

/**
 * The stored bits end at the high bit; the bits above may hold anything, old overlays too (PS3.5 section 8.1.1).
 * Of signed films the decoders have seen to that.
 */
function storedValues(values, { bitsAllocated, bitsStored, highBit, pixelRepresentation, samplesPerPixel }) {
  const shift = highBit + 1 - bitsStored;
  if (samplesPerPixel !== 1 || pixelRepresentation === 1 || bitsStored === bitsAllocated) return values;
  if (shift === 0 && !isOver(values, bitsStored)) return values;
  const mask = 2 ** bitsStored - 1;
  return values.map((value) => (value >> shift) & mask);
}

function isOver(values, bitsStored) {
  const limit = 2 ** bitsStored;
  for (let i = 0; i < values.length; i++) if (values[i] >= limit) return true;
  return false;
}

/** Padding becomes the film's darkest value: it is no part of the film and must not shine. */
function withoutPadding(values, { least, most }, { padding, isInverted, slope }) {
  const dark = isInverted !== slope < 0 ? most : least;
  const [from, to] = padding;
  return values.map((value) => (value >= from && value <= to ? dark : value));
}

/** What each value from the least on becomes by the LUTs of the header, and the range of that; none without LUTs. */
function tableOf({ least, most }, facts) {
  const { modalityLut, voiLut, window } = facts;
  const isCurved = window?.shape === "SIGMOID" && !voiLut;
  if (!modalityLut && !voiLut && !isCurved) return {};
  const modality = modalityLut ? looker(modalityLut) : (v) => v * facts.slope + facts.intercept;
  const voi = voiLut ? looker(voiLut) : isCurved ? sigmoid(window) : null;
  const table = Uint16Array.from({ length: most - least + 1 }, (_, i) => (voi ?? Number)(modality(least + i)));
  if (voi) return { table, range: { lower: 0, upper: isCurved ? WIDEST : whiteOf(table, voiLut.bits) } };
  return { table, range: window ? storedWindow(window, 1, 0) : null };
}

function looker({ first, values }) {
  return (value) => values[clamp(Math.round(value) - first, 0, values.length - 1)];
}

/** PS3.3 C.11.2.1.3.1. */
function sigmoid({ centre, width }) {
  return (value) => Math.round(WIDEST / (1 + Math.exp((-4 * (value - centre)) / width)));
}

/** White of a VOI LUT by the bits that its entries use, since some name 16 for a table of 12. */
function whiteOf(table, bits) {
  const most = table.reduce((a, b) => Math.max(a, b), 0);
  return 2 ** Math.min(bits, ...USUAL_DEPTHS.filter((depth) => most < 2 ** depth)) - 1;
}

function mapped(values, least, table) {
  const result = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) result[i] = table[clamp(values[i] - least, 0, table.length - 1)];
  return result;
}

/** A window of the header in stored values; a LINEAR width counts values, PS3.3 C.11.2.1.2.1. */
function storedWindow({ centre, width, shape }, slope, intercept) {
  const isLinear = shape === "LINEAR";
  const middle = isLinear ? centre - 0.5 : centre;
  const half = Math.max(isLinear ? width - 1 : width, 1e-3) / 2;
  const ends = [middle - half, middle + half].map((end) => (end - intercept) / slope);
  return { lower: Math.min(...ends), upper: Math.max(...ends) };
}

function isFlat(tones, { lower, upper }) {
  if (tones.least === tones.most) return false;
  return quantile(tones, FLAT) <= lower || quantile(tones, 1 - FLAT) >= upper;
}

/** Where the header gives no window: the whole range of 8 bits, else all but the rarest tones. */
function rangedWindow(tones, bitsStored) {
  if (bitsStored <= 8) return { lower: 0, upper: 2 ** bitsStored - 1 };
  const [lower, upper] = ROBUST.map((share) => quantile(tones, share));
  return lower < upper ? { lower, upper } : { lower: tones.least, upper: Math.max(tones.most, tones.least + 1) };
}

function clamp(value, low, high) {
  return value < low ? low : value > high ? high : value;
}
