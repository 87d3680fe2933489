/**
 * Keyboard shortcuts of the viewer, heard only while the focus is inside it (WCAG 2.1.4), and never while typing.
 *
 * Trap: on keyboards of other scripts the letter typed is not Latin; there the place of the key counts.
 */

export const SHORTCUTS = [
  { keys: ["w"], command: "windowTool" },
  { keys: ["p"], command: "panTool" },
  { keys: ["z"], command: "zoomTool" },
  { keys: ["l"], command: "lengthTool" },
  { keys: ["0"], command: "stored" },
  { keys: ["1"], command: "auto" },
  { keys: ["2"], command: "lung" },
  { keys: ["3"], command: "bone" },
  { keys: ["i"], command: "invert" },
  { keys: ["+", "="], command: "zoomIn" },
  { keys: ["-", "_"], command: "zoomOut" },
  { keys: ["f"], command: "fit" },
  { keys: ["r"], command: "oneToOne" },
  { keys: ["o"], command: "overlay" },
  { keys: ["["], command: "fainter" },
  { keys: ["]"], command: "stronger" },
  { keys: ["delete", "backspace"], command: "clearLengths" },
  { keys: ["?"], command: "help" },
  { keys: ["escape"], command: "escape" },
];

const OF_KEY = new Map(SHORTCUTS.flatMap(({ keys, command }) => keys.map((key) => [key, command])));
const OF_PLACE = { BracketLeft: "[", BracketRight: "]" };
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * What a key asks for, or null: `{ command }`, or `{ command: "move" | "adjust", direction: [right, down] }`.
 *
 * @param {KeyboardEvent} event
 * @param {Element | undefined} target where in the viewer the focus is
 */
export function asked(event, target) {
  if (event.ctrlKey || event.altKey || event.metaKey || target?.matches("input")) return null;
  const direction = DIRECTIONS[event.key];
  if (direction) return { command: event.shiftKey ? "adjust" : "move", direction };
  const command = OF_KEY.get(event.key.toLowerCase()) ?? OF_KEY.get(placed(event));
  if (command) return { command };
  return event.key === "Enter" && !target?.matches("button") ? { command: "mark" } : null;
}

function placed({ code, shiftKey }) {
  if (shiftKey) return undefined;
  return OF_PLACE[code] ?? code.replace(/^(Key|Digit)/, "").toLowerCase();
}
