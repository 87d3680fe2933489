/** The toolbar's pictures, drawn in 24 by 24 units with the colour of the text. */
import { svg } from "./make.js";

const STROKES = {
  windowTool: ["M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0 -18", "M12 3v18", "M12 7h6.5M12 11h9M12 15h8"],
  panTool: ["M12 3v18M3 12h18", "M9 6l3 -3l3 3M9 18l3 3l3 -3M6 9l-3 3l3 3M18 9l3 3l-3 3"],
  zoomTool: ["M10 4a6 6 0 1 0 0 12a6 6 0 1 0 0 -12", "M14.5 14.5l6 6"],
  lengthTool: ["M4 20L20 4", "M2 16l6 6M16 2l6 6", "M9 13l2 2M13 9l2 2"],
  invert: ["M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0 -18", "M12 4a8 8 0 0 1 0 16z"],
  zoomIn: ["M12 5v14M5 12h14"],
  zoomOut: ["M5 12h14"],
  fit: ["M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"],
  overlay: ["M12 3l9 5l-9 5l-9 -5z", "M3 12l9 5l9 -5M3 16l9 5l9 -5"],
  clearLengths: ["M4 7h16M9 7V4h6v3M6 7l1 13h10l1 -13"],
  help: ["M8.5 9a3.5 3.5 0 1 1 5 3.2c-1 .5 -1.5 1 -1.5 2.3", "M12 18v.5"],
};
const SOLID = new Set(["M12 4a8 8 0 0 1 0 16z"]);

export function icon(name) {
  const paths = STROKES[name].map((d) => svg("path", { d, ...(SOLID.has(d) ? { class: "solid" } : {}) }));
  return svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" }, ...paths);
}
