import assert from "node:assert/strict";
import { test } from "node:test";
import { fitted, lengthOf, panned, settled, toFilm, toStage, zoomedAt } from "../src/view.js";

const film = { rows: 800, columns: 600, aspect: 1, spacing: null };
const stage = { width: 1000, height: 600, ratio: 2 };

test("a fitted film fills the shorter way", () => {
  assert.deepEqual(fitted(film, stage), { zoom: 1.5, x: 300, y: 400 }); // 600 * 2 / 800
});

test("a point goes to the stage and back", () => {
  const view = { zoom: 3, x: 100, y: 90 };
  const there = toStage(film, stage, view, [120, 80]);

  assert.deepEqual(there, [530, 285]);
  assert.deepEqual(toFilm(film, stage, view, there), [120, 80]);
});

test("zooming holds the point under the pointer", () => {
  const view = { zoom: 2, x: 300, y: 400 };
  const at = [620, 250];
  const before = toFilm(film, stage, view, at);
  const after = toFilm(film, stage, zoomedAt(film, stage, view, 1.7, at), at);

  assert.ok(Math.hypot(after[0] - before[0], after[1] - before[1]) < 1e-9);
});

test("at 1:1 film pixels lie on screen pixels", () => {
  const { x, y } = settled(film, { ...stage, width: 1001.5 }, { zoom: 1, x: 300.3, y: 200.8 });

  assert.equal((Math.round(1001.5 * 2) / 2 - x) % 1, 0);
  assert.equal((Math.round(600 * 2) / 2 - y) % 1, 0);
});

test("a film much smaller than the stage may be shown at 1:1", () => {
  const small = { ...film, rows: 80, columns: 60 };

  assert.equal(settled(small, stage, { zoom: 1, x: 30, y: 40 }).zoom, 1);
});

test("the film's middle stays on the film", () => {
  const view = panned(film, stage, { zoom: 2, x: 300, y: 400 }, [99999, -99999]);

  assert.deepEqual([view.x, view.y], [0, 800]);
});

test("a length takes rows and columns by their own spacing", () => {
  const spaced = { ...film, spacing: { row: 0.2, column: 0.1, where: "stated" } };

  assert.deepEqual(lengthOf(spaced, [0, 0], [30, 20]), { value: 5, unit: "mm" }); // 3 mm across, 4 mm down
});

test("a length without spacing is in pixels", () => {
  assert.deepEqual(lengthOf(film, [10, 10], [13, 14]), { value: 5, unit: "px" });
});
