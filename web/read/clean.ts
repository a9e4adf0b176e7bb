/**
 * HTML from a mail to nodes that may be shown: DOMPurify with a profile for mail. It is one of three walls (`src/web/frame.ts` has the
 * others), and the only place that parses HTML of strangers. The result is nodes, which the frame adopts; they never become text again, so no
 * second parser can read them differently.
 *
 * No SVG, no MathML, no controls, nothing that loads by itself. Links and pictures are decided one by one by whoever asks. Style sheets
 * stay: what they would load is stopped by the frame's policy.
 */
import DOMPurify, { type Config } from 'dompurify';
import { isTooLargeToParse, MAX_DEPTH, MAX_NODES } from './html-size.ts';
import { type JudgedLink, judgeLink } from './link-doubts.ts';
import { type PictureSource, pictureSource } from './picture-source.ts';

export interface CleanOptions {
  /** What a link leads to instead; undefined: it is no link, only its text. */
  readonly follow: (link: JudgedLink) => string | undefined;
}

/** A place for a picture, not yet filled: `put` shows one there. */
export interface PicturePlace {
  readonly source: PictureSource;
  readonly element: HTMLElement;
  put(url: string): void;
}

export interface CleanMail {
  readonly kind: 'clean';
  /** A body, in a document of its own until its children are adopted. */
  readonly body: HTMLElement;
  readonly pictures: readonly PicturePlace[];
}

/** It would take too long to show as HTML. */
export interface TooLarge {
  readonly kind: 'too-large';
}

const CONTROLS = ['form', 'fieldset', 'legend', 'label', 'input', 'button', 'select', 'textarea', 'option'];
const MORE_CONTROLS = ['optgroup', 'datalist', 'output', 'meter', 'progress', 'dialog', 'menu'];
const LOADING = [
  'iframe',
  'frame',
  'frameset',
  'object',
  'embed',
  'applet',
  'portal',
  'base',
  'meta',
  'link',
];
const MEDIA = ['audio', 'video', 'source', 'track', 'picture', 'canvas', 'map', 'area', 'template', 'slot'];

/** All that is not said here is as DOMPurify has it. */
export const PROFILE: Config = {
  USE_PROFILES: { html: true },
  FORBID_TAGS: [...CONTROLS, ...MORE_CONTROLS, ...LOADING, ...MEDIA, 'title', 'noscript', 'marquee', 'blink'],
  ADD_FORBID_CONTENTS: [
    ...['select', 'textarea', 'option', 'datalist', 'object', 'embed', 'applet', 'frameset', 'canvas'],
    ...['map', 'slot', 'dialog', 'portal'],
  ],
  FORBID_ATTR: [
    ...[
      'name',
      'action',
      'srcset',
      'sizes',
      'poster',
      'ping',
      'usemap',
      'ismap',
      'longdesc',
      'formaction',
      'is',
    ],
    ...['autofocus', 'tabindex', 'accesskey', 'contenteditable', 'draggable', 'popover', 'inert', 'slot'],
    ...['popovertarget', 'popovertargetaction', 'target', 'rel', 'download', 'nonce', 'loading', 'cite'],
  ],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  // It is held against every attribute, so what is no address at all passes too; addresses are decided one by one below.
  ALLOWED_URI_REGEXP: /^(?:(?:https?|mailto|tel|cid):|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i,
  FORCE_BODY: true,
  RETURN_DOM: true,
};

class Excess extends Error {}

/** Throws nothing: what cannot be shown is too large. */
export function cleanMail(html: string, options: CleanOptions): CleanMail | TooLarge {
  if (isTooLargeToParse(html) || !DOMPurify.isSupported) return { kind: 'too-large' };
  const pictures: PicturePlace[] = [];
  let nodes = 0;
  const beforeElement = (node: Node): void => {
    nodes++;
    if (nodes > MAX_NODES || isDeeperThan(node, MAX_DEPTH)) throw new Excess();
    if (node.nodeName === 'STYLE') openStyle(node);
    if (node.nodeName === 'A') keepText(node as HTMLElement);
  };
  const afterAttributes = (node: Element): void => {
    const element = node as HTMLElement;
    const isPicture = element.tagName === 'IMG';
    if (element.tagName === 'A') decideLink(element, options);
    else element.removeAttribute('href');
    if (isPicture) pictures.push(...picturePlace(element));
    else element.removeAttribute('src');
    pictures.push(...backgroundPlace(element));
  };
  DOMPurify.addHook('beforeSanitizeElements', beforeElement);
  DOMPurify.addHook('afterSanitizeAttributes', afterAttributes);
  try {
    const body = DOMPurify.sanitize(html, { ...PROFILE, RETURN_DOM: true }) as HTMLElement;
    return { kind: 'clean', body, pictures };
  } catch (error) {
    if (error instanceof Excess) return { kind: 'too-large' };
    throw error;
  } finally {
    DOMPurify.removeHook('afterSanitizeAttributes', afterAttributes);
    DOMPurify.removeHook('beforeSanitizeElements', beforeElement);
  }
}

function isDeeperThan(node: Node, most: number): boolean {
  let above: Node | null = node;
  for (let depth = 0; depth <= most; depth++) {
    above = above.parentNode;
    if (above === null) return false;
  }
  return true;
}

/** Old clients wrote style sheets as comments, which DOMPurify takes for hidden markup; a style sheet has no use for them (CSS Syntax §8.1). */
function openStyle(node: Node): void {
  const text = node.textContent ?? '';
  if (/<!--|-->/.test(text)) node.textContent = text.replace(/<!--|-->/g, ' ');
}

/** What a person sees of a link is judged before anything in it is taken away. */
function keepText(node: HTMLElement): void {
  node.title = (node.textContent ?? '').slice(0, 1000);
}

function decideLink(element: HTMLElement, { follow }: CleanOptions): void {
  const link = judgeLink(element.getAttribute('href') ?? '', element.title);
  const target = link && follow(link);
  if (link === undefined || target === undefined) {
    element.removeAttribute('href');
    element.removeAttribute('title');
    return;
  }
  element.setAttribute('href', target);
  element.setAttribute('target', '_blank');
  element.setAttribute('rel', 'noopener noreferrer');
  element.title = link.target.slice(0, 300);
}

function picturePlace(element: HTMLElement): PicturePlace[] {
  const source = pictureSource(element.getAttribute('src') ?? '');
  element.removeAttribute('src');
  if (source === undefined) return [];
  return [{ source, element, put: (url) => element.setAttribute('src', url) }];
}

/** Of a table's or an element's ground: in an attribute, or in its own style. Those of style sheets are not shown. */
function backgroundPlace(element: HTMLElement): PicturePlace[] {
  const written = element.getAttribute('background');
  element.removeAttribute('background');
  const inStyle = /^url\("(.*)"\)$/.exec(element.style.backgroundImage)?.[1];
  const source = pictureSource(written ?? inStyle ?? '');
  if (source === undefined) return [];
  const put = (url: string): void => {
    element.style.backgroundImage = `url("${url.replace(/["\\\s]/g, encodeURIComponent)}")`;
  };
  return [{ source, element, put }];
}
