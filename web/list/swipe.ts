/**
 * A finger that moves a row sideways, as a machine of values: nothing until it is clear that the finger does not scroll, then the row
 * follows; past a threshold letting go does what that side is for. No browser in here.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export type Swipe =
  | { readonly kind: 'still' }
  | { readonly kind: 'undecided'; readonly from: Point }
  /** The finger scrolls, or was lifted; the row stays. */
  | { readonly kind: 'other' }
  | { readonly kind: 'moving'; readonly from: Point; readonly offset: number; readonly isPast: boolean };

const DECIDED = 10;
/** Of the row's width. */
const THRESHOLD = 0.3;
/** Beyond the threshold it follows more slowly. */
const DRAG = 0.6;

export const STILL: Swipe = { kind: 'still' };

export function pressed(from: Point): Swipe {
  return { kind: 'undecided', from };
}

export function moved(
  swipe: Swipe,
  to: Point,
  width: number,
  sides: { readonly left: boolean; readonly right: boolean },
): Swipe {
  if (swipe.kind === 'still' || swipe.kind === 'other') return swipe;
  const [x, y] = [to.x - swipe.from.x, to.y - swipe.from.y];
  if (swipe.kind === 'undecided') {
    if (Math.hypot(x, y) < DECIDED) return swipe;
    if (Math.abs(x) < 1.5 * Math.abs(y)) return { kind: 'other' };
  }
  const isPossible = x > 0 ? sides.right : sides.left;
  const edge = width * THRESHOLD;
  const size = Math.abs(x);
  const followed = !isPossible ? size * 0.15 : size <= edge ? size : edge + (size - edge) * DRAG;
  return {
    kind: 'moving',
    from: swipe.from,
    offset: Math.sign(x) * followed,
    isPast: isPossible && size >= edge,
  };
}

/** What letting go means. */
export function released(swipe: Swipe): 'right' | 'left' | undefined {
  if (swipe.kind !== 'moving' || !swipe.isPast) return undefined;
  return swipe.offset > 0 ? 'right' : 'left';
}
