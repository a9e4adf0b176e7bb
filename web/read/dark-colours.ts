/**
 * Colours of a mail made for white paper, for a dark screen: lightness is turned round, hue stays, and a text that could not be read
 * is made lighter or darker until it can. Pure: colours as browsers compute them in, colours out.
 */

export interface Colour {
  /** 0 to 255. */
  readonly r: number;
  readonly g: number;
  readonly b: number;
  /** 0 to 1. */
  readonly alpha: number;
}

/** WCAG 2.2 §1.4.3. */
export const ENOUGH = 4.5;
/** Where white and black of a mail go: the sheet and the ink of the dark scheme, as lightness of OKLab. */
const DARK_SHEET = 0.235;
const LIGHT_INK = 0.935;
/** What is as dark as ink in a mail becomes as light as ink is in the dark. */
const INK = 0.25;
/** A ground that is as dark as this is so in the dark too. */
const DARK_GROUND = 0.55;
/** Strong colours glow on dark ground. */
const CALMER = 0.85;

/** `rgb(1, 2, 3)` and `rgba(1, 2, 3, 0.5)`, the forms of computed colours; undefined for others, such as `color(display-p3 …)`. */
export function readColour(text: string): Colour | undefined {
  const [, r, g, b, alpha] =
    /^rgba?\((\d+(?:\.\d+)?), (\d+(?:\.\d+)?), (\d+(?:\.\d+)?)(?:, (\d*\.?\d+))?\)$/.exec(text) ?? [];
  if (r === undefined) return undefined;
  return { r: Number(r), g: Number(g), b: Number(b), alpha: alpha === undefined ? 1 : Number(alpha) };
}

export function writeColour({ r, g, b, alpha }: Colour): string {
  const [red, green, blue] = [r, g, b].map((channel) => Math.round(Math.min(255, Math.max(0, channel))));
  return alpha === 1 ? `rgb(${red}, ${green}, ${blue})` : `rgba(${red}, ${green}, ${blue}, ${alpha})`;
}

/** White becomes the dark sheet, black the light ink, and what is between changes places likewise. */
export function turned(colour: Colour): Colour {
  const { l, a, b } = toLab(colour);
  const lightness = Math.max(0, (l - INK) / (1 - INK));
  return fromLab(
    { l: LIGHT_INK - (LIGHT_INK - DARK_SHEET) * lightness, a: a * CALMER, b: b * CALMER },
    colour.alpha,
  );
}

/** A ground for the dark: its own where that is dark already. */
export function turnedGround(colour: Colour): Colour {
  return toLab(colour).l < DARK_GROUND ? colour : turned(colour);
}

/** A text for an opaque ground in the dark: its own where it can be read, else turned, else made so that it can be. */
export function turnedText(colour: Colour, ground: Colour): Colour {
  if (contrast(laidOn(colour, ground), ground) >= ENOUGH) return colour;
  return readable(turned(colour), ground);
}

/** WCAG 2.2: relative luminance. Both are taken as opaque. */
export function contrast(one: Colour, other: Colour): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** `front` as it looks on an opaque `ground`. */
export function laidOn(front: Colour, ground: Colour): Colour {
  const mix = (x: number, y: number): number => x * front.alpha + y * (1 - front.alpha);
  return { r: mix(front.r, ground.r), g: mix(front.g, ground.g), b: mix(front.b, ground.b), alpha: 1 };
}

/** The nearest colour of the same hue that can be read on an opaque ground; there is always one, since black or white can. */
export function readable(text: Colour, ground: Colour): Colour {
  const seen = laidOn(text, ground);
  if (contrast(seen, ground) >= ENOUGH) return text;
  const lab = toLab(seen);
  const white: Colour = { r: 255, g: 255, b: 255, alpha: 1 };
  const black: Colour = { r: 0, g: 0, b: 0, alpha: 1 };
  const end = contrast(white, ground) >= contrast(black, ground) ? 1 : 0;
  for (let step = 1; step <= STEPS; step++) {
    const l = lab.l + ((end - lab.l) * step) / STEPS;
    const fade = 1 - step / (STEPS * 2);
    const tried = fromLab({ l, a: lab.a * fade, b: lab.b * fade }, 1);
    if (contrast(rounded(tried), ground) >= ENOUGH) return tried;
  }
  return end === 1 ? white : black;
}

const STEPS = 20;

function rounded({ r, g, b, alpha }: Colour): Colour {
  return { r: Math.round(r), g: Math.round(g), b: Math.round(b), alpha };
}

function luminance({ r, g, b }: Colour): number {
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

function linear(channel: number): number {
  const c = channel / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
}

function gamma(value: number): number {
  const c = Math.min(1, Math.max(0, value));
  return 255 * (c <= 0.0031308 ? c * 12.92 : 1.055 * c ** (1 / 2.4) - 0.055);
}

interface Lab {
  readonly l: number;
  readonly a: number;
  readonly b: number;
}

/** OKLab (CSS Color 4 §9.2): equal steps of its lightness look equal. */
function toLab(colour: Colour): Lab {
  const [r, g, b] = [linear(colour.r), linear(colour.g), linear(colour.b)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return {
    l: 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    a: 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    b: 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  };
}

function fromLab({ l, a, b }: Lab, alpha: number): Colour {
  const x = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const y = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const z = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return {
    r: gamma(4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z),
    g: gamma(-1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z),
    b: gamma(-0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z),
    alpha,
  };
}
