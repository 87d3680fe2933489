/** Fetches a film and has a worker of its own unpack it. */
import { FilmFailure } from "./failure.js";

const OF_STATUS = { 401: "denied", 403: "denied", 404: "missing", 410: "missing", 413: "too-large" };

/**
 * @param {string} url of a DICOM file
 * @param {AbortSignal} signal
 * @returns {Promise<object>} the film of `greyFilm`
 */
export async function loadFilm(url, signal) {
  const bytes = await fetched(url, signal);
  signal.throwIfAborted();
  return decoded(bytes, signal);
}

async function fetched(url, signal) {
  let response;
  try {
    response = await fetch(url, { signal, credentials: "same-origin", headers: { Accept: "application/dicom" } });
    if (response.ok) return await response.arrayBuffer();
  } catch (error) {
    if (signal.aborted) throw error;
    throw new FilmFailure("unreachable", `${url}: ${error.message}`);
  }
  throw new FilmFailure(OF_STATUS[response.status] ?? "unreachable", `${url}: HTTP ${response.status}`);
}

function decoded(bytes, signal) {
  const worker = new Worker(new URL("./decoder.js", import.meta.url), { type: "module" });
  const answer = new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    worker.onerror = (event) => reject(new FilmFailure("damaged", event.message || "the decoder could not be started"));
    worker.onmessage = ({ data }) => {
      if (data?.film) resolve(data.film);
      else if (data?.failure) reject(new FilmFailure(data.failure.code, data.failure.detail));
    };
    worker.postMessage(bytes, [bytes]);
  });
  return answer.finally(() => worker.terminate());
}
