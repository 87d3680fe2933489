/** The viewer's words in English; a page gives others as JSON in the attribute `words`, by the same names. */

export const WORDS = {
  film: "Chest film",
  loading: "The film is loading.",
  tools: "Tool for dragging",
  windowTool: "Window: drag to change brightness and contrast",
  panTool: "Move: drag the film, or tap to centre it",
  zoomTool: "Zoom: drag up and down",
  lengthTool: "Length: drag, or tap both ends",
  windows: "Window",
  stored: "As stored",
  auto: "Auto",
  lung: "Lung",
  bone: "Bone",
  centre: "Centre",
  width: "Width",
  view: "View",
  invert: "Invert",
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  fit: "Fit",
  oneToOne: "1:1",
  oneToOneLong: "one film pixel on one screen pixel",
  overlays: "Heat map",
  overlay: "Heat map",
  opacity: "Strength of the heat map",
  clearLengths: "Remove the lengths",
  help: "Keyboard shortcuts",
  close: "Close",
  helpFocus: "They work while the viewer has the focus.",
  move: "Move the film",
  windowByKeys: "Width and centre of the window",
  lengthByKeys: "With the length tool: mark an end under the cross",
  fainter: "Heat map fainter",
  stronger: "Heat map stronger",
  keyArrows: "Arrows",
  keyShiftArrows: "Shift + arrows",
  keyEnter: "Enter",
  keyDelete: "Delete",
  zoomed: "Zoom {percent}",
  length: "Length {length}",
  mm: "{value} mm",
  mmDetector: "{value} mm at detector",
  px: "{value} px",
  noSpacing: "The film has no scale: lengths are in pixels.",
  atDetector: "Lengths are at the detector, larger than in the patient.",
  noteFlatWindow: "The window in the file would show one tone only and was not used.",
  noteFirstFrame: "The file holds several pictures; the first is shown.",
  noteColour: "The picture is coloured; it is shown grey.",
  overlayFailed: "The heat map could not be shown.",
  errorDenied: "You may not see this film, or your log-in has run out. Log in again.",
  errorMissing: "The film is no longer there.",
  errorUnreachable: "The film could not be fetched. Check the connection and reload the page.",
  errorNotDicom: "The film cannot be shown: the file is not DICOM.",
  errorNoPicture: "The file holds no picture.",
  errorUnsupported: "The film cannot be shown: its kind of picture is not supported.",
  errorDamaged: "The film cannot be shown: the file is damaged.",
  errorTooLarge: "The film is too large to be shown.",
  errorNotDrawn: "The film could not be drawn in this browser.",
};

/** The words with the page's own over them; `fill` puts values into {places}. */
export class Words {
  #own;

  /** @param {string | null} json the attribute; one that is not an object of text is told to the console and left */
  constructor(json) {
    this.#own = { ...WORDS, ...parsed(json) };
  }

  fill(name, values = {}) {
    return this.#own[name].replace(/\{(\w+)\}/g, (place, key) => values[key] ?? place);
  }
}

function parsed(json) {
  if (!json) return {};
  try {
    const given = JSON.parse(json);
    return Object.fromEntries(Object.entries(given).filter(([, text]) => typeof text === "string"));
  } catch (error) {
    console.error("film-viewer: the attribute words is not JSON:", error.message);
    return {};
  }
}
