/**
 * Mouse, pen, and fingers on the stage become moves: one pointer does what the tool says, two fingers zoom and move.
 *
 * The middle button moves and the right one zooms, whatever the tool.
 */

const TAP = 4; // CSS pixels; a press that moves less is a tap
const WHEEL_LINE = 16; // CSS pixels a line, where the wheel counts lines

/**
 * @param {HTMLElement} stage
 * @param {object} on `tool()`; `begin(tool, at)`, `drag(tool, step, at)`, `end(tool, at, isTap)`; `pinch(factor, at, step)`;
 *   `hover(at)`; `wheel(pixels, at)`; all points in CSS pixels of the stage
 */
export function listen(stage, on) {
  const pointers = new Map(); // pointer id -> point
  let press = null; // { tool, start, at }

  const place = ({ clientX, clientY }) => {
    const { left, top } = stage.getBoundingClientRect();
    return [clientX - left, clientY - top];
  };

  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    stage.focus({ preventScroll: true, focusVisible: false });
    const at = place(event);
    pointers.set(event.pointerId, at);
    if (pointers.size > 1) {
      press = null;
      return;
    }
    const tool = { 1: "pan", 2: "zoom" }[event.button] ?? on.tool();
    press = { tool, start: at, at };
    on.begin(tool, at);
    event.preventDefault();
  });

  stage.addEventListener("pointermove", (event) => {
    const at = place(event);
    const before = pointers.get(event.pointerId);
    if (!before) return on.hover(at);
    const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    pointers.set(event.pointerId, at);
    if (others.length === 1) return pinch(on, others[0], before, at);
    if (press && pointers.size === 1) {
      press.at = at;
      on.drag(press.tool, [at[0] - before[0], at[1] - before[1]], at, press.start);
    }
    return undefined;
  });

  const lift = (event) => {
    if (!pointers.delete(event.pointerId) || !press) return;
    const isTap = Math.hypot(press.at[0] - press.start[0], press.at[1] - press.start[1]) < TAP;
    if (event.type === "pointerup") on.end(press.tool, press.at, isTap);
    press = null;
  };
  stage.addEventListener("pointerup", lift);
  stage.addEventListener("pointercancel", lift);
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  stage.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !stage.matches(":focus")) return; // else the page could not be scrolled past the film
      event.preventDefault();
      on.wheel(event.deltaY * (event.deltaMode ? WHEEL_LINE : 1), place(event));
    },
    { passive: false },
  );
}

function pinch(on, still, before, at) {
  const [was, is] = [before, at].map((point) => Math.hypot(point[0] - still[0], point[1] - still[1]));
  const middle = [(still[0] + at[0]) / 2, (still[1] + at[1]) / 2];
  const step = [(at[0] - before[0]) / 2, (at[1] - before[1]) / 2];
  if (was > 0 && is > 0) on.pinch(is / was, middle, step);
}
