/**
 * Paints a mail in its frame for a dark screen, by what the browser computed of it. Everything is read first and written then, so the
 * page is laid out once. A mail that is too large for that, or cannot be read on dark ground, is left as it was made.
 */
import { type Colour, readColour, writeColour } from './dark-colours.ts';
import { darkPlan, type Painted, type Repaint } from './dark-plan.ts';

const MAX_ELEMENTS = 5000;
const MAX_MS = 20;
/** The clock is looked at after so many elements. */
const LOOK_EVERY = 64;
const NO_COLOUR: Colour = { r: 0, g: 0, b: 0, alpha: 0 };
const EDGES = ['Top', 'Right', 'Bottom', 'Left'] as const;

/** Whether it is dark now. `maxMs` is how long it may take; pictures are left alone in any case. */
export function darken(frame: Document, sheet: string, maxMs = MAX_MS): boolean {
  const ground = readColour(sheet);
  const view = frame.defaultView;
  if (ground === undefined || view === null) return false;
  const seen = lookAt(frame.body, view, performance.now() + maxMs);
  const plan = seen && darkPlan(seen.painted, ground);
  if (seen === undefined || plan === undefined) return false;
  for (const repaint of plan) write(seen.elements[repaint.index], repaint);
  return true;
}

interface Seen {
  readonly elements: readonly HTMLElement[];
  readonly painted: readonly Painted[];
}

function lookAt(body: HTMLElement, view: Window, untilMs: number): Seen | undefined {
  const elements = [body, ...body.querySelectorAll<HTMLElement>('*')].filter(
    (one) => one.tagName !== 'STYLE',
  );
  if (elements.length > MAX_ELEMENTS) return undefined;
  const indexes = new Map<Element, number>();
  const painted: Painted[] = [];
  for (const [index, element] of elements.entries()) {
    if (index % LOOK_EVERY === 0 && performance.now() > untilMs) return undefined;
    indexes.set(element, index);
    const parent = element === body ? -1 : (indexes.get(element.parentElement ?? body) ?? 0);
    const found = paintedOf(element, view.getComputedStyle(element), parent);
    if (found === undefined) return undefined;
    painted.push(found);
  }
  return { elements, painted };
}

/** Undefined: colours of a kind that is not understood. */
function paintedOf(element: HTMLElement, style: CSSStyleDeclaration, parent: number): Painted | undefined {
  const [text, ground] = [readColour(style.color), readColour(style.backgroundColor)];
  if (text === undefined || ground === undefined) return undefined;
  const edged = EDGES.find(
    (side) => style[`border${side}Style`] !== 'none' && style[`border${side}Width`] !== '0px',
  );
  return {
    parent,
    text,
    ground: ground.alpha === 0 ? NO_COLOUR : ground,
    edge: edged === undefined ? undefined : readColour(style[`border${edged}Color`]),
    hasWords: Array.from(element.childNodes).some(
      (node) => node.nodeType === 3 && /\S/.test(node.nodeValue ?? ''),
    ),
    hasPicture: style.backgroundImage !== 'none',
  };
}

function write(element: HTMLElement | undefined, { text, ground, edge }: Repaint): void {
  const style = element?.style;
  if (text !== undefined) style?.setProperty('color', writeColour(text), 'important');
  if (ground !== undefined) style?.setProperty('background-color', writeColour(ground), 'important');
  if (edge !== undefined) style?.setProperty('border-color', writeColour(edge), 'important');
}
