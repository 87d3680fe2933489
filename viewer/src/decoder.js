/** The worker that turns the bytes of a DICOM file into a film; one film, then it is ended and its memory is freed. */
import { FilmFailure } from "./failure.js";
import { greyFilm } from "./grey.js";
import { readHeader } from "./header.js";
import { unpack } from "./unpack.js";

self.onmessage = async ({ data: buffer }) => {
  if (!(buffer instanceof ArrayBuffer)) return; // the decoders' own messages
  try {
    const file = readHeader(new Uint8Array(buffer));
    const film = greyFilm(await unpack(file), file.facts);
    self.postMessage({ film }, [film.values.buffer]);
  } catch (error) {
    const code = error instanceof FilmFailure ? error.code : error instanceof RangeError ? "too-large" : "damaged";
    self.postMessage({ failure: { code, detail: error?.message ?? String(error) } });
  }
};
