/**
 * What a packed picture says of itself, and the mending that one vendor's need; as hilum.imaging.jpeg, so that a film
 * that could be scored can be looked at.
 *
 * Trap: transfer syntaxes are named wrongly, so that a stream is known by its own first bytes.
 */
import { FilmFailure } from "./failure.js";

const UID = "1.2.840.10008.1.2.4.";
/** Transfer syntaxes that the same kind of stream may have; the first is used where another kind is named. */
const FAMILIES = {
  baseline: ["50", "51"],
  extended: ["51", "50"],
  lossless: ["70", "57"],
  "JPEG-LS": ["80", "81"],
  "JPEG 2000": ["90", "91", "201", "202", "203"],
};
const PROCESSES = { 0xc0: "baseline", 0xc1: "extended", 0xc2: "baseline", 0xc3: "lossless", 0xf7: "JPEG-LS" };
const PADDING = 16; // bytes; fragments are padded to an even length, and some encoders pad to more
const START_OF_SCAN = 0xda;

/**
 * @param {Uint8Array} stream
 * @param {string} named transfer syntax of the file
 * @returns {{stream: Uint8Array, transferSyntax: string, precision?: number}} what to decode, as what, and the bits
 *   of a sample where a JPEG says them
 */
export function recognised(stream, named) {
  const { kind, precision } = kindOf(stream);
  if (!kind) return { stream, transferSyntax: named };
  if (!endsIn(stream)) throw new FilmFailure("damaged", "the packed picture is cut short");
  const family = FAMILIES[kind].map((last) => UID + last);
  const transferSyntax = family.includes(named) ? named : family[0];
  return { stream: kind === "JPEG 2000" ? withoutStrayComments(stream) : stream, transferSyntax, precision };
}

function kindOf(stream) {
  const start = wordAt(stream, 0);
  if (start === 0xff4fff51 || start === 0x0000000c) return { kind: "JPEG 2000" }; // bare, or in the file format around it
  return start >>> 16 === 0xffd8 ? jpegKind(stream) : {};
}

/** By the frame header, which stands before the first scan (T.81 B.2.2). */
function jpegKind(stream) {
  for (let place = 2; place + 4 <= stream.length && stream[place] === 0xff; ) {
    const marker = stream[place + 1];
    if (marker === START_OF_SCAN) return {};
    if (marker in PROCESSES) return { kind: PROCESSES[marker], precision: stream[place + 4] };
    place += marker === 0xff ? 1 : 2 + (wordAt(stream, place) & 0xffff);
  }
  return {};
}

function endsIn(stream) {
  for (let place = stream.length - 2; place >= Math.max(0, stream.length - PADDING); place--)
    if (stream[place] === 0xff && stream[place + 1] === 0xd9) return true;
  return false;
}

/**
 * Leaves out comments between the tiles of a JPEG 2000 stream and its end: T.800 allows them in headers alone, and
 * openjpeg gives up on them.
 */
function withoutStrayComments(stream) {
  let place = firstTile(stream);
  while (place >= 0 && halfAt(stream, place) === 0xff90) {
    const length = wordAt(stream, place + 6); // Psot; 0 for up to the end
    if (length === 0) return stream;
    place += length;
  }
  let end = place;
  while (place >= 0 && halfAt(stream, end) === 0xff64) end += 2 + halfAt(stream, end + 2);
  if (end === place || halfAt(stream, end) !== 0xffd9) return stream;
  const mended = new Uint8Array(stream.length - (end - place));
  mended.set(stream.subarray(0, place));
  mended.set(stream.subarray(end), place);
  return mended;
}

function firstTile(stream) {
  for (let place = 0; place + 1 < stream.length; place++) if (halfAt(stream, place) === 0xff90) return place;
  return -1;
}

function halfAt(stream, place) {
  return (stream[place] << 8) | stream[place + 1];
}

function wordAt(stream, place) {
  return ((halfAt(stream, place) << 16) | halfAt(stream, place + 2)) >>> 0;
}
