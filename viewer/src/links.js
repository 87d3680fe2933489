/** Viewers that move together: those with the same `link` attribute on a page, as for previous films. */

const groups = new Map(); // name -> Set of viewers

export function join(name, viewer) {
  if (!groups.has(name)) groups.set(name, new Set());
  groups.get(name).add(viewer);
}

export function leave(name, viewer) {
  groups.get(name)?.delete(viewer);
  if (groups.get(name)?.size === 0) groups.delete(name);
}

/** Tell the others of the group; what is told is in shares of each film, since films differ in size and depth. */
export function tell(name, viewer, change) {
  groups.get(name)?.forEach((other) => other !== viewer && other.follow(change));
}

/** A window as shares of the film's own stored window, dark end and bright end. */
export function sharedWindow({ window: own, isInverted }, { lower, upper }) {
  const [dark, bright] = isInverted ? [own.upper, own.lower] : [own.lower, own.upper];
  const shares = [lower, upper].map((value) => (value - dark) / (bright - dark));
  return isInverted ? shares.reverse() : shares;
}

/** The reverse of `sharedWindow`, for another film. */
export function ownWindow({ window: own, isInverted }, shares) {
  const [dark, bright] = isInverted ? [own.upper, own.lower] : [own.lower, own.upper];
  const ends = shares.map((share) => dark + share * (bright - dark));
  return { lower: Math.min(...ends), upper: Math.max(...ends) };
}
