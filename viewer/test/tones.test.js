import assert from "node:assert/strict";
import { test } from "node:test";
import { greyFilm } from "../src/grey.js";
import { ownWindow, sharedWindow } from "../src/links.js";
import { histogramOf, quantile, shownWindow, windowFrom } from "../src/tones.js";

const FACTS = {
  frames: 1, isInverted: false, slope: 1, intercept: 0, window: null, padding: null, spacing: null, aspect: 1,
  modalityLut: null, voiLut: null, palette: [null, null, null],
};
const KIND = {
  rows: 1, samplesPerPixel: 1, bitsAllocated: 16, bitsStored: 12, highBit: 11, pixelRepresentation: 0,
  planarConfiguration: 0, photometricInterpretation: "MONOCHROME2",
};

function greyed(pixelData, kind = {}, facts = {}) {
  return greyFilm({ ...KIND, columns: pixelData.length, ...kind, pixelData }, { ...FACTS, ...facts });
}

test("quantiles of a signed film count from its least value", () => {
  const tones = histogramOf(Int16Array.of(-5, -1, 0, 3), null);

  assert.deepEqual([0, 0.5, 1].map((share) => quantile(tones, share)), [-5, -1, 3]);
});

test("bits above the stored ones are not seen", () => {
  assert.deepEqual([...greyed(Uint16Array.of(0xf123, 0x0fff)).values], [0x123, 0xfff]);
});

test("padding becomes the darkest of the film", () => {
  const values = Uint16Array.of(4000, 100, 900, 4000);

  assert.deepEqual([...greyed(values, {}, { padding: [4000, 4000] }).values], [100, 100, 900, 100]);
  assert.deepEqual([...greyed(values, {}, { padding: [4000, 4000], isInverted: true }).values], [900, 100, 900, 900]);
});

test("a linear window counts values", () => {
  const { window } = greyed(Uint16Array.of(0, 4095), {}, { window: { centre: 2048, width: 4096, shape: "LINEAR" } });

  assert.deepEqual(window, { lower: 0, upper: 4095 });
});

test("a falling rescale turns the film over and keeps the window in the header's units", () => {
  const window = { centre: 100.5, width: 101, shape: "LINEAR" }; // 50 to 150 of the header
  const film = greyed(Uint16Array.of(0, 400), {}, { slope: -1, intercept: 200, window });

  assert.equal(film.isInverted, true);
  assert.deepEqual(film.window, { lower: 50, upper: 150 });
  assert.deepEqual(shownWindow(film, film.window), { centre: 100.5, width: 101 });
});

test("a window in the header's units comes back the same", () => {
  const film = { slope: 0.5, intercept: -100 };
  const { centre, width } = shownWindow(film, windowFrom(film, { centre: 40, width: 300 }));

  assert.ok(Math.abs(centre - 40) < 1e-9 && Math.abs(width - 300) < 1e-9);
});

test("a VOI LUT is applied, and white is what its entries reach", () => {
  const voiLut = { first: 10, bits: 16, values: Uint16Array.of(0, 1000, 4095) };
  const film = greyed(Uint16Array.of(0, 10, 11, 12, 99), {}, { voiLut });

  assert.deepEqual([...film.values], [0, 0, 1000, 4095, 4095]);
  assert.deepEqual(film.window, { lower: 0, upper: 4095 });
});

test("a window that shows one tone only is not used", () => {
  const film = greyed(Uint16Array.from({ length: 200 }, (_, i) => i), {}, { window: { centre: 9000, width: 10, shape: "LINEAR" } });

  assert.deepEqual(film.notes, ["flat-window"]);
});

test("colour is shown by its luminance", () => {
  const kind = { samplesPerPixel: 3, photometricInterpretation: "RGB", bitsAllocated: 8, bitsStored: 8, highBit: 7, columns: 2 };

  assert.deepEqual([...greyed(Uint8Array.of(255, 0, 0, 255, 255, 255), kind).values], [76, 255]); // 0.299 of 255
});

test("a window carried to an inverted film darkens the same tones", () => {
  const plain = { window: { lower: 0, upper: 100 }, isInverted: false };
  const inverted = { window: { lower: 0, upper: 1000 }, isInverted: true };

  assert.deepEqual(ownWindow(inverted, sharedWindow(plain, { lower: 0, upper: 50 })), { lower: 500, upper: 1000 });
});
