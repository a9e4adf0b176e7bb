/**
 * HTML for the editor, from a paste, a drop or a draft, to nodes: what a person could have made with the editor's own buttons, and nothing
 * besides. The page around the editor is the app itself, so no style, no class and no name of a stranger gets in.
 */
import DOMPurify from 'dompurify';
import { isTooLargeToParse } from '../read/html-size.ts';
import { judgeLink } from '../read/link-doubts.ts';

const TAGS = [
  ...[
    '#text',
    'div',
    'p',
    'br',
    'span',
    'b',
    'strong',
    'i',
    'em',
    'u',
    's',
    'del',
    'strike',
    'sub',
    'sup',
    'a',
    'hr',
  ],
  ...['ul', 'ol', 'li', 'blockquote', 'pre', 'code', 'h1', 'h2', 'h3', 'h4', 'img', 'input'],
  ...['table', 'thead', 'tbody', 'tr', 'td', 'th'],
];
const ATTRIBUTES = [
  'href',
  'src',
  'alt',
  'dir',
  'type',
  'colspan',
  'rowspan',
  'id',
  'data-cid',
  'width',
  'height',
];
/** Squire marks the selection with these while it remembers what can be undone. */
const MARKS = ['squire-selection-start', 'squire-selection-end'];

export interface WrittenOptions {
  /** Where a picture of this draft is shown; undefined: it is not one. */
  readonly pictureUrl: (cid: string) => string | undefined;
}

/** What is too large comes as nothing; whoever asks has the text. */
export function cleanWritten(html: string, { pictureUrl }: WrittenOptions): DocumentFragment {
  if (isTooLargeToParse(html)) return document.createDocumentFragment();
  const decide = (node: Element): void => {
    if (node.tagName === 'INPUT') {
      if (!MARKS.includes(node.id)) node.remove();
    } else if (node.tagName === 'A') decideLink(node);
    else if (node.tagName === 'IMG') decidePicture(node, pictureUrl);
    else node.removeAttribute('id');
    if (node.getAttribute('type') === 'cite' && node.tagName !== 'BLOCKQUOTE') node.removeAttribute('type');
  };
  DOMPurify.addHook('afterSanitizeAttributes', decide);
  try {
    const body = DOMPurify.sanitize(html, {
      ...{ ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ATTRIBUTES, ALLOW_DATA_ATTR: false, ALLOW_ARIA_ATTR: false },
      ALLOWED_URI_REGEXP: /^(?:(?:https?|mailto|tel|cid):|\/|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i,
      FORBID_CONTENTS: [
        'style',
        'script',
        'title',
        'head',
        'template',
        'select',
        'textarea',
        'noscript',
        'iframe',
      ],
      RETURN_DOM_FRAGMENT: true,
    }) as DocumentFragment;
    return document.importNode(body, true);
  } finally {
    DOMPurify.removeHook('afterSanitizeAttributes', decide);
  }
}

function decideLink(node: Element): void {
  const link = judgeLink(node.getAttribute('href') ?? '', '');
  for (const name of node.getAttributeNames()) node.removeAttribute(name);
  if (link !== undefined) node.setAttribute('href', link.target);
}

/** Only those of the draft itself: another's would be fetched by the page that one writes in. */
function decidePicture(node: Element, pictureUrl: WrittenOptions['pictureUrl']): void {
  const written = /^cid:(.+)$/i.exec(node.getAttribute('src') ?? '')?.[1];
  const cid = written ?? node.getAttribute('data-cid') ?? '';
  const url = cid === '' ? undefined : pictureUrl(cid);
  if (url === undefined) {
    node.remove();
    return;
  }
  node.setAttribute('data-cid', cid);
  node.setAttribute('src', url);
}

/** What the editor has, as it is sent: pictures by their Content-ID. */
export function writtenHtml(root: HTMLElement): string {
  // In a document that nobody looks at: in this one a browser would ask for what a Content-ID names.
  const copy = document.implementation.createHTMLDocument('').importNode(root, true);
  for (const mark of copy.querySelectorAll('input')) mark.remove();
  for (const picture of copy.querySelectorAll('img[data-cid]')) {
    picture.setAttribute('src', `cid:${picture.getAttribute('data-cid')}`);
    picture.removeAttribute('data-cid');
  }
  return copy.innerHTML;
}
