/**
 * Reads of a DICOM file's header what the viewer needs, and refuses what it cannot show.
 *
 * Trap: numbers in DICOM headers are often text, and may be missing, malformed, or more than one.
 */
import dicomParser from "dicom-parser";
import { inflateRaw } from "pako";
import { FilmFailure } from "./failure.js";

const IMPLICIT = "1.2.840.10008.1.2";
const EXPLICIT = "1.2.840.10008.1.2.1";
const PREFIX_AT = 128; // bytes before "DICM", PS3.10 section 7.1
const MOST_PIXELS = 150_000_000; // as hilum.imaging.grey.MAX_PIXELS
const COLOURS = new Set(["RGB", "PALETTE COLOR", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT", "YBR_PARTIAL_420"]);

/**
 * @param {Uint8Array} bytes a whole DICOM file, with or without preamble
 * @returns the parsed data set of dicom-parser, its transfer syntax, and the facts of its picture
 */
export function readHeader(bytes) {
  const dataSet = parse(bytes);
  const transferSyntax = dataSet.string("x00020010") || guessedSyntax(bytes);
  if (!dataSet.elements.x7fe00010) throw new FilmFailure("no-picture", "the file has no pixel data");
  return { dataSet, transferSyntax, frame: frameOf(dataSet), facts: factsOf(dataSet) };
}

function parse(bytes) {
  try {
    const options = { inflater: (all, position) => inflated(all, position) };
    if (!hasPrefix(bytes)) options.TransferSyntaxUID = guessedSyntax(bytes);
    const dataSet = dicomParser.parseDicom(bytes, options);
    const { x00080016: sopClass, x00280010: rows } = dataSet.elements;
    if (!sopClass && !rows) throw new FilmFailure("not-dicom", "the file holds neither a SOP class nor a picture");
    return dataSet;
  } catch (error) {
    if (error instanceof FilmFailure) throw error;
    const code = hasPrefix(bytes) ? "damaged" : "not-dicom";
    throw new FilmFailure(code, `the header cannot be read: ${error?.exception ?? error?.message ?? error}`);
  }
}

function inflated(all, position) {
  const data = inflateRaw(all.subarray(position));
  const whole = new Uint8Array(position + data.length);
  whole.set(all.subarray(0, position));
  whole.set(data, position);
  return whole;
}

function hasPrefix(bytes) {
  return bytes.length > PREFIX_AT + 4 && String.fromCharCode(...bytes.subarray(PREFIX_AT, PREFIX_AT + 4)) === "DICM";
}

/** Of a file without file meta information: explicit where letters stand for the first value's type. */
function guessedSyntax(bytes) {
  return /^[A-Z]{2}$/.test(String.fromCharCode(bytes[4], bytes[5])) ? EXPLICIT : IMPLICIT;
}

/** How the pixels lie, in the names of the decoders. */
function frameOf(dataSet) {
  const frame = {
    rows: dataSet.uint16("x00280010"),
    columns: dataSet.uint16("x00280011"),
    samplesPerPixel: dataSet.uint16("x00280002") || 1,
    bitsAllocated: dataSet.uint16("x00280100"),
    bitsStored: dataSet.uint16("x00280101") || dataSet.uint16("x00280100"),
    highBit: dataSet.uint16("x00280102") ?? (dataSet.uint16("x00280101") || 1) - 1,
    pixelRepresentation: dataSet.uint16("x00280103") || 0,
    planarConfiguration: dataSet.uint16("x00280006") || 0,
    photometricInterpretation: textOf(dataSet, "x00280004").toUpperCase() || "MONOCHROME2",
  };
  refuseUnusable(frame);
  return frame;
}

function refuseUnusable(frame) {
  const { rows, columns, bitsAllocated, bitsStored, samplesPerPixel, photometricInterpretation } = frame;
  if (!rows || !columns || !bitsAllocated || bitsStored > bitsAllocated)
    throw new FilmFailure("damaged", "the size or depth of the picture is missing or impossible");
  if (rows * columns > MOST_PIXELS) throw new FilmFailure("too-large", `${columns} x ${rows} pixels`);
  if (bitsAllocated !== 8 && bitsAllocated !== 16)
    throw new FilmFailure("unsupported", `${bitsAllocated} bits a pixel`);
  const isGrey = photometricInterpretation.startsWith("MONOCHROME") && samplesPerPixel === 1;
  const isColour = COLOURS.has(photometricInterpretation) && (samplesPerPixel === 3 || photometricInterpretation.startsWith("PALETTE"));
  if (!isGrey && !isColour)
    throw new FilmFailure("unsupported", `${photometricInterpretation} with ${samplesPerPixel} samples a pixel`);
}

function factsOf(dataSet) {
  const shape = textOf(dataSet, "x20500020").toUpperCase();
  const isFirstWhite = textOf(dataSet, "x00280004").toUpperCase() === "MONOCHROME1";
  const [slope] = numbersOf(dataSet, "x00281053");
  return {
    frames: Number.parseInt(textOf(dataSet, "x00280008"), 10) || 1,
    isInverted: isFirstWhite || shape === "INVERSE", // both say the same thing: PS3.3 C.8.11.3, C.11.6
    slope: slope || 1,
    intercept: slope ? (numbersOf(dataSet, "x00281052")[0] ?? 0) : 0,
    window: windowOf(dataSet),
    padding: paddingOf(dataSet),
    spacing: spacingOf(dataSet),
    aspect: aspectOf(dataSet),
    modalityLut: lutOf(dataSet, "x00283000"),
    voiLut: lutOf(dataSet, "x00283010"),
    palette: ["1", "2", "3"].map((n) => paletteOf(dataSet, n)),
  };
}

/** The first Window Center and Width with the VOI LUT Function, PS3.3 C.11.2.1.2 and C.11.2.1.3, or null. */
function windowOf(dataSet) {
  const [centre] = numbersOf(dataSet, "x00281050");
  const [width] = numbersOf(dataSet, "x00281051");
  const shape = textOf(dataSet, "x00281056").toUpperCase() || "LINEAR";
  const isUsable = Number.isFinite(centre) && width > 0 && (shape !== "LINEAR" || width >= 1);
  return isUsable && ["LINEAR", "LINEAR_EXACT", "SIGMOID"].includes(shape) ? { centre, width, shape } : null;
}

/** Stored values that are no part of the film, PS3.3 C.7.5.1.1.2, as [from, to], or null. */
function paddingOf(dataSet) {
  const isSigned = dataSet.uint16("x00280103") === 1;
  const read = (tag) => (isSigned ? dataSet.int16(tag) : dataSet.uint16(tag));
  const value = dataSet.elements.x00280120 ? read("x00280120") : undefined;
  if (value === undefined) return null;
  const limit = (dataSet.elements.x00280121 ? read("x00280121") : undefined) ?? value;
  return [Math.min(value, limit), Math.max(value, limit)];
}

/**
 * Millimetres a pixel and where they were measured.
 *
 * Imager Pixel Spacing is at the detector; Pixel Spacing is too where it is the same and nobody calibrated it
 * (PS3.3 10.7.1.3).
 */
function spacingOf(dataSet) {
  const stated = pairOf(dataSet, "x00280030");
  const atImager = pairOf(dataSet, "x00181164");
  if (!stated && !atImager) return null;
  const isCalibrated = Boolean(textOf(dataSet, "x00280a02"));
  const isSame = stated && atImager && stated.every((side, i) => Math.abs(side - atImager[i]) < 1e-6);
  const isAtDetector = !stated || (isSame && !isCalibrated);
  const [row, column] = stated ?? atImager;
  return { row, column, where: isAtDetector ? "detector" : "stated" };
}

/** Height of a pixel by its width: by the spacing, else by Pixel Aspect Ratio (0028,0034). */
function aspectOf(dataSet) {
  const [row, column] = pairOf(dataSet, "x00280030") ?? pairOf(dataSet, "x00181164") ?? pairOf(dataSet, "x00280034") ?? [1, 1];
  return row / column;
}

/** Two positive numbers, or null. */
function pairOf(dataSet, tag) {
  const found = numbersOf(dataSet, tag);
  return found.length === 2 && found.every((number) => number > 0) ? found : null;
}

/** The first table of a LUT sequence, PS3.3 C.11.1 and C.11.2, or null. */
function lutOf(dataSet, tag) {
  const table = dataSet.elements[tag]?.items?.[0]?.dataSet;
  if (!table?.elements.x00283002 || !table.elements.x00283006) return null;
  const isSigned = dataSet.uint16("x00280103") === 1;
  const entries = table.uint16("x00283002", 0) || 65536;
  const first = isSigned ? table.int16("x00283002", 1) : table.uint16("x00283002", 1);
  const bits = table.uint16("x00283002", 2);
  const values = entriesOf(table, "x00283006", entries);
  return values && bits ? { first, bits, values } : null;
}

function paletteOf(dataSet, n) {
  if (!dataSet.elements[`x0028110${n}`] || !dataSet.elements[`x0028120${n}`]) return null;
  const entries = dataSet.uint16(`x0028110${n}`, 0) || 65536;
  const values = entriesOf(dataSet, `x0028120${n}`, entries);
  return values && { first: dataSet.uint16(`x0028110${n}`, 1), bits: dataSet.uint16(`x0028110${n}`, 2), values };
}

/** A table's entries: 16-bit words, or bytes where there is only room for those; null where it is cut. */
function entriesOf(dataSet, tag, entries) {
  const { length, dataOffset } = dataSet.elements[tag];
  if (length >= 2 * entries) return Uint16Array.from({ length: entries }, (_, i) => dataSet.uint16(tag, i));
  return length >= entries ? Uint16Array.from(dataSet.byteArray.subarray(dataOffset, dataOffset + entries)) : null;
}

function textOf(dataSet, tag) {
  return (dataSet.elements[tag] && dataSet.string(tag)) || "";
}

function numbersOf(dataSet, tag) {
  const parts = textOf(dataSet, tag).split("\\").map((part) => (part.trim() === "" ? NaN : Number(part)));
  return parts.every(Number.isFinite) ? parts : parts.slice(0, Math.max(0, parts.findIndex((part) => !Number.isFinite(part))));
}
