/** Which rows of a long list are in the document: those that can be seen, and some around them. All rows are of one height. */

export interface Viewport {
  readonly scrollTop: number;
  readonly height: number;
}

export interface Window {
  /** Row numbers, `to` exclusive. */
  readonly from: number;
  readonly to: number;
}

const AROUND = 8;
const MOST = 60;

export function windowOf({ scrollTop, height }: Viewport, rowHeight: number, total: number): Window {
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight);
  const last = Math.ceil((Math.max(0, scrollTop) + height) / rowHeight);
  const from = Math.max(0, Math.min(first - AROUND, total - 1));
  return { from, to: Math.min(total, last + AROUND, from + MOST) };
}

/** What is at the top of the view, so that it stays there when rows come or go above it. */
export interface Anchor {
  readonly id: string;
  /** How far its upper edge is above the view's. */
  readonly offset: number;
}

/** None at the very top: who is there wants to see what comes. */
export function anchorOf(
  { scrollTop }: Viewport,
  rowHeight: number,
  ids: readonly (string | undefined)[],
): Anchor | undefined {
  if (scrollTop <= 0) return undefined;
  const row = Math.floor(scrollTop / rowHeight);
  const id = ids[row];
  return id === undefined ? undefined : { id, offset: scrollTop - row * rowHeight };
}

/** Where to scroll to for the anchor to be where it was; undefined when it has gone. */
export function scrollTopFor(
  anchor: Anchor,
  rowHeight: number,
  ids: readonly (string | undefined)[],
): number | undefined {
  const row = ids.indexOf(anchor.id);
  return row < 0 ? undefined : row * rowHeight + anchor.offset;
}

/** The least scrolling that shows a whole row. */
export function scrollTopToShow(row: number, rowHeight: number, { scrollTop, height }: Viewport): number {
  const top = row * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : scrollTop;
}
