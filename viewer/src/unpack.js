/** Unpacks the first frame of a DICOM file with the decoders of Cornerstone3D, in every transfer syntax that they read. */
import dicomParser from "dicom-parser";
import { decodeImageFrame } from "@loader/decodeImageFrameWorker.js";
import { FilmFailure } from "./failure.js";
import { recognised } from "./stream.js";

const EXTENDED = "1.2.840.10008.1.2.4.51";
/** Levels that the decoder of 12-bit JPEG adds: it scales the rounding of its level shift (2056 for 2048) with it. */
const EXCESS = 15;

/**
 * @returns {Promise<object>} the frame with `pixelData`, one number a sample; `photometricInterpretation` and
 *   `planarConfiguration` say how it lies after decoding
 */
export async function unpack({ dataSet, transferSyntax, frame, facts }) {
  const packed = packedBytes(dataSet, frame, facts.frames);
  const isStream = Boolean(dataSet.elements.x7fe00010.encapsulatedPixelData);
  const known = isStream ? recognised(packed, transferSyntax) : { stream: packed, transferSyntax };
  const decoded = await decode({ ...frame }, known.transferSyntax, known.stream);
  const isConverted = isStream && isConvertedByDecoder(decoded, known.transferSyntax);
  const photometricInterpretation = isConverted ? "RGB" : frame.photometricInterpretation;
  const planarConfiguration = isConverted ? 0 : (decoded.planarConfiguration ?? frame.planarConfiguration);
  const is12Bit = isStream && known.precision === 12 && known.transferSyntax === EXTENDED;
  const pixelData = is12Bit ? decoded.pixelData.map((level) => Math.max(level - EXCESS, 0)) : decoded.pixelData;
  const unpacked = { ...frame, photometricInterpretation, planarConfiguration, pixelData };
  refuseOtherSize(unpacked, decoded);
  return unpacked;
}

/** JPEG and JPEG 2000 decoders give RGB, whatever the colour space of the file. */
function isConvertedByDecoder(decoded, transferSyntax) {
  const isJpeg = transferSyntax.startsWith("1.2.840.10008.1.2.4.5") && !transferSyntax.endsWith(".57");
  return decoded.samplesPerPixel === 3 && (isJpeg || /^1\.2\.840\.10008\.1\.2\.4\.(9\d|20\d)$/.test(transferSyntax));
}

async function decode(frame, transferSyntax, packed) {
  try {
    return await decodeImageFrame(frame, transferSyntax, packed, {}, { preScale: { enabled: false } });
  } catch (error) {
    const reason = error?.message ?? String(error);
    const code = reason.startsWith("no decoder") ? "unsupported" : "damaged";
    throw new FilmFailure(code, `transfer syntax ${transferSyntax}: ${reason}`);
  }
}

function packedBytes(dataSet, frame, frames) {
  const element = dataSet.elements.x7fe00010;
  try {
    return element.encapsulatedPixelData ? encapsulated(dataSet, element, frames) : native(dataSet, element, frame);
  } catch (error) {
    if (error instanceof FilmFailure) throw error;
    throw new FilmFailure("damaged", `the pixel data cannot be read: ${error?.message ?? error}`);
  }
}

function native(dataSet, element, frame) {
  const samples = frame.photometricInterpretation === "YBR_FULL_422" ? 2 : frame.samplesPerPixel;
  const length = frame.rows * frame.columns * samples * (frame.bitsAllocated / 8);
  if (Math.min(element.length, dataSet.byteArray.length - element.dataOffset) < length)
    throw new FilmFailure("damaged", "the file ends early, in its pixel data");
  return dataSet.byteArray.slice(element.dataOffset, element.dataOffset + length);
}

/** The bytes of the first frame; all fragments where there is one frame, since offset tables are often wrong. */
function encapsulated(dataSet, element, frames) {
  const { fragments } = element;
  if (frames === 1) return dicomParser.readEncapsulatedPixelDataFromFragments(dataSet, element, 0, fragments.length);
  if (element.basicOffsetTable.length) return dicomParser.readEncapsulatedImageFrame(dataSet, element, 0);
  if (fragments.length === frames) return dicomParser.readEncapsulatedPixelDataFromFragments(dataSet, element, 0);
  const table = dicomParser.createJPEGBasicOffsetTable(dataSet, element);
  return dicomParser.readEncapsulatedImageFrame(dataSet, element, 0, table);
}

function refuseOtherSize(unpacked, decoded) {
  const { rows, columns, samplesPerPixel, pixelData } = unpacked;
  const isSubsampled = unpacked.photometricInterpretation === "YBR_FULL_422" && pixelData.length === 2 * rows * columns;
  const isOtherSize = decoded.rows !== rows || decoded.columns !== columns;
  if (isOtherSize || (pixelData.length < rows * columns * samplesPerPixel && !isSubsampled))
    throw new FilmFailure("damaged", "the picture is not of the size that the header says");
}
