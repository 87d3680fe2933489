/**
 * Draws films with Cornerstone3D: on the graphics card where that can, else by the processor.
 *
 * Traps: Cornerstone3D draws all films of a page the same way, so that one too large for the card takes the others
 * with it; and the two ways lie half a pixel apart. On the card a film's point (0, 0) is the middle of its first
 * pixel, by the processor it is that pixel's corner.
 */
import { cache, Enums, imageLoader, init, metaData, RenderingEngine, setUseCPURendering, utilities } from "@cornerstonejs/core";
import { getRenderingCapabilities } from "@cornerstonejs/core/utilities/renderingCapabilities";

const SCHEME = "hilum";
const films = new Map(); // image id -> film
const shown = new Set(); // canvases with a film
let count = 0;
let isPageByCard; // undefined until the first film

export class FilmCanvas {
  #element;
  #film;
  #engine;
  #viewport;
  #window;
  #view;

  /** @param {HTMLElement} element that the film fills; it must have a size when a film is shown */
  constructor(element) {
    this.#element = element;
  }

  get isByCard() {
    return isPageByCard;
  }

  /** @param {"card" | "processor" | null} wish how to draw, where the page's other films leave the choice */
  async show(film, wish) {
    prepare();
    this.clear();
    this.#film = film;
    const choice = isPageByCard ?? wish !== "processor";
    await switchPage(choice && canCardDraw(film, wish === "card"));
    await this.#start();
    shown.add(this);
  }

  async #start() {
    const id = `${SCHEME}:${++count}`;
    films.set(id, this.#film);
    this.#engine = new RenderingEngine(id);
    this.#engine.enableElement({ viewportId: id, type: Enums.ViewportType.STACK, element: this.#element });
    this.#viewport = this.#engine.getViewport(id);
    if (!isPageByCard) this.#sharpen();
    await this.#viewport.setStack([id]);
  }

  /** Draw the same film the other way, after the page was switched. */
  async redraw() {
    await this.#start();
    this.setWindow(...this.#window);
    this.setView(this.#view);
  }

  /** @param {{lower: number, upper: number}} range in stored values */
  setWindow(range, isInverted) {
    this.#window = [range, isInverted];
    this.#viewport.setProperties({ voiRange: range, invert: isInverted });
    this.#viewport.render();
  }

  /** @param view of view.js */
  setView(view) {
    this.#view = view;
    const { zoom, x, y } = view;
    const { aspect } = this.#film;
    if (isPageByCard) {
      const focalPoint = [x - 0.5, (y - 0.5) * aspect, 0];
      const position = [focalPoint[0], focalPoint[1], this.#viewport.getCamera().position[2]];
      const parallelScale = this.#viewport.getCanvas().height / (2 * zoom);
      this.#viewport.setCamera({ parallelScale, focalPoint, position });
    } else {
      // Cornerstone stretches the longer side of a pixel and takes the scale for the shorter
      this.#viewport.setCamera({ scale: zoom * Math.min(aspect, 1), focalPoint: [x, y * aspect, 0] });
    }
    this.#viewport.render();
  }

  /** Fits the drawing to its element; set the view again after it. */
  resize() {
    if (!this.#engine) return;
    if (isPageByCard) this.#engine.resize(true, false);
    else this.#sharpen();
  }

  /** Gives the processor's canvas a pixel for each of the screen's: Cornerstone gives one for each CSS pixel. */
  #sharpen() {
    const canvas = this.#viewport.getCanvas();
    canvas.width = Math.round(this.#element.clientWidth * devicePixelRatio);
    canvas.height = Math.round(this.#element.clientHeight * devicePixelRatio);
    canvas.getContext("2d").imageSmoothingQuality = "medium"; // a reduced film keeps its fine lines
  }

  /** Takes the drawing away and gives back its memory, the card's too. */
  stop() {
    if (!this.#engine) return;
    const { id } = this.#engine;
    this.#engine.destroy();
    this.#element.replaceChildren();
    cache.removeImageLoadObject(id, { force: true });
    films.delete(id);
    this.#engine = this.#viewport = undefined;
  }

  clear() {
    this.stop();
    shown.delete(this);
    this.#film = undefined;
    if (shown.size === 0) isPageByCard = undefined;
  }
}

function prepare() {
  if (count > 0) return;
  init({ rendering: { webGlContextCount: 1 } }); // browsers keep few contexts, and each film has an engine of its own
  imageLoader.registerImageLoader(SCHEME, (id) => ({ promise: Promise.resolve(cornerstoneImage(id)) }));
  metaData.addProvider((module, id) => modules(module, films.get(id)));
}

/** Whether the card holds the film at full depth; one that a program plays is slower than the processor. */
function canCardDraw(film, isWished) {
  const can = getRenderingCapabilities();
  const isDeep = (can.norm16 && can.norm16Linear) || can.floatLinear;
  const isLargeEnough = Math.max(film.rows, film.columns) <= can.maxTextureSize;
  return Boolean(can.webgl2 && isDeep && isLargeEnough && (isWished || !can.softwareRasterizer));
}

async function switchPage(byCard) {
  if (byCard === isPageByCard) return;
  const others = [...shown];
  others.forEach((canvas) => canvas.stop());
  setUseCPURendering(!byCard, false);
  isPageByCard = byCard;
  await Promise.all(others.map((canvas) => canvas.redraw()));
}

/** The film in Cornerstone's terms: pixels of one unit, since lengths are the viewer's own. */
function modules(module, film) {
  if (!film) return undefined;
  const { rows, columns, aspect } = film;
  if (module === Enums.MetadataModules.IMAGE_PLANE)
    return {
      rows,
      columns,
      rowPixelSpacing: aspect,
      columnPixelSpacing: 1,
      imagePositionPatient: [0, 0, 0],
      imageOrientationPatient: [1, 0, 0, 0, 1, 0],
      rowCosines: [1, 0, 0],
      columnCosines: [0, 1, 0],
      usingDefaultValues: false,
    };
  if (module === Enums.MetadataModules.IMAGE_PIXEL)
    return { samplesPerPixel: 1, photometricInterpretation: "MONOCHROME2", bitsAllocated: 16 };
  return module === Enums.MetadataModules.GENERAL_SERIES ? { modality: "DX" } : undefined;
}

function cornerstoneImage(imageId) {
  const { rows, columns, aspect, values, least, most, window } = films.get(imageId);
  const { windowCenter, windowWidth } = utilities.windowLevel.toWindowLevel(window.lower, window.upper);
  const size = { width: columns, height: rows, numberOfComponents: 1 };
  return {
    imageId,
    rows,
    columns,
    ...size,
    rowPixelSpacing: aspect,
    columnPixelSpacing: 1,
    slope: 1,
    intercept: 0,
    windowCenter,
    windowWidth,
    minPixelValue: least,
    maxPixelValue: most,
    invert: false,
    color: false,
    rgba: false,
    sizeInBytes: values.byteLength,
    dataType: values.constructor.name,
    getPixelData: () => values,
    voxelManager: utilities.VoxelManager.createImageVoxelManager({ scalarData: values, ...size }),
  };
}
