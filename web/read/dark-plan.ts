/**
 * Which colours of which elements are to be written so that a mail can be read on dark ground: a walk over what was computed, from
 * the outside in. Only what differs from what an element inherits is written. A mail that cannot be done so stays as it is, on light ground.
 */
import { type Colour, contrast, ENOUGH, laidOn, turned, turnedGround, turnedText } from './dark-colours.ts';

/** An element, those around it before it. */
export interface Painted {
  /** Index of the element around it; -1 for the outermost. */
  readonly parent: number;
  readonly text: Colour;
  readonly ground: Colour;
  /** Edges that are drawn; undefined where there are none. */
  readonly edge: Colour | undefined;
  /** Has words of its own, not only in elements inside it. */
  readonly hasWords: boolean;
  /** Its ground is a picture or runs from one colour into another: what is on it cannot be told. */
  readonly hasPicture: boolean;
}

export interface Repaint {
  readonly index: number;
  readonly text?: Colour;
  readonly ground?: Colour;
  readonly edge?: Colour;
}

interface Done {
  /** What its children inherit. */
  readonly text: Colour;
  /** Opaque: what is behind it, whoever painted it. */
  readonly ground: Colour;
  readonly isOnPicture: boolean;
}

/** `sheet`: the dark ground of the page. Undefined: shown as it was made, on light ground. */
export function darkPlan(elements: readonly Painted[], sheet: Colour): Repaint[] | undefined {
  const done: Done[] = [];
  const plan: Repaint[] = [];
  for (const [index, element] of elements.entries()) {
    const around = done[element.parent];
    const isPainted = element.ground.alpha > 0;
    const ground = isPainted ? turnedGround(element.ground) : undefined;
    const behind = around?.ground ?? sheet;
    const under = ground === undefined ? behind : laidOn(ground, behind);
    const isOnPicture = element.hasPicture || (around?.isOnPicture === true && element.ground.alpha < 1);
    if (isOnPicture && element.hasWords) return undefined;
    const text = turnedText(element.text, under);
    if (element.hasWords && contrast(laidOn(text, under), under) < ENOUGH - 0.05) return undefined;
    done.push({ text, ground: under, isOnPicture });
    const isInherited = around !== undefined && isEqual(text, around.text);
    if (isInherited && ground === undefined && element.edge === undefined) continue;
    plan.push({
      index,
      ...(isInherited ? {} : { text }),
      ...(ground === undefined ? {} : { ground }),
      ...(element.edge === undefined ? {} : { edge: turned(element.edge) }),
    });
  }
  return plan;
}

function isEqual(one: Colour, other: Colour): boolean {
  return one.r === other.r && one.g === other.g && one.b === other.b && one.alpha === other.alpha;
}
