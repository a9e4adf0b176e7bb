/** What the page of the reader's tests runs: each step of showing a mail, as the app takes it. */
import { cleanMail } from '../../../web/read/clean.ts';
import { darken } from '../../../web/read/darken.ts';
import { fillFrame } from '../../../web/read/frame-document.ts';
import { foldQuote } from '../../../web/read/html-quotes.ts';

async function frameWith(html: string, style = ''): Promise<Document> {
  document.querySelector('iframe')?.remove();
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', 'allow-same-origin allow-popups allow-popups-to-escape-sandbox');
  frame.src = '/frame';
  const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
  document.body.append(frame);
  await loaded;
  const mail = cleanMail(html, { follow: (link) => (link.doubts.length > 0 ? '/leave' : link.target) });
  if (mail.kind !== 'clean') throw new Error('too large');
  fillFrame(frame.contentDocument as Document, mail, style);
  return frame.contentDocument as Document;
}

/** What is left of a mail. */
function cleaned(html: string): string {
  const mail = cleanMail(html, { follow: (link) => (link.doubts.length > 0 ? '/leave' : link.target) });
  return mail.kind === 'clean' ? mail.body.innerHTML.trim() : mail.kind;
}

/** Where its pictures are, and what is left when each is shown at `/shown`. */
function pictures(html: string): { readonly sources: string[]; readonly html: string } {
  const mail = cleanMail(html, { follow: (link) => link.target });
  if (mail.kind !== 'clean') throw new Error('too large');
  for (const picture of mail.pictures) picture.put('/shown');
  const sources = mail.pictures.map(({ source }) => (source.kind === 'part' ? source.contentId : source.url));
  return { sources, html: mail.body.innerHTML.trim() };
}

/** The text that is folded; undefined when nothing is. */
function folded(html: string): string | undefined {
  const mail = cleanMail(html, { follow: (link) => link.target });
  if (mail.kind !== 'clean') throw new Error('too large');
  foldQuote(mail.body, '…');
  const fold = mail.body.querySelector('details');
  return fold?.textContent?.replace(/\s+/g, ' ').replace('…', '').trim();
}

interface Read {
  readonly words: string;
  readonly contrast: number;
}

/** Whether it was painted dark, and how well each text can be read. */
async function dark(html: string): Promise<{ readonly isDark: boolean; readonly worst: Read | undefined }> {
  const inside = await frameWith(html, 'html{background:#fff;color:#1e2328}a{color:#2f5d80}');
  const isDark = darken(inside, 'rgb(27, 31, 35)', 1000);
  if (isDark) inside.documentElement.style.background = 'rgb(27, 31, 35)';
  return { isDark, worst: isDark ? worstText(inside) : undefined };
}

function worstText(inside: Document): Read | undefined {
  const texts = inside.createTreeWalker(inside.body, NodeFilter.SHOW_TEXT);
  let worst: Read | undefined;
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    const element = node.parentElement as HTMLElement;
    if (!/\S/.test(node.nodeValue ?? '') || element.tagName === 'STYLE') continue;
    const grounds: string[] = [];
    for (let at: HTMLElement | null = element; at !== null; at = at.parentElement)
      grounds.push(getComputedStyle(at).backgroundColor);
    const contrast = ratio(getComputedStyle(element).color, grounds);
    if (worst === undefined || contrast < worst.contrast) worst = { words: node.nodeValue ?? '', contrast };
  }
  return worst;
}

/** Reckoned by the canvas, which is not the code that is tested. */
function ratio(text: string, grounds: readonly string[]): number {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (canvas === null) throw new Error('no canvas');
  const luminance = (): number => {
    const [r = 0, g = 0, b = 0] = canvas.getImageData(0, 0, 1, 1).data;
    const [x = 0, y = 0, z = 0] = [r, g, b].map((c) =>
      c / 255 <= 0.04045 ? c / 3294.6 : ((c / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * x + 0.7152 * y + 0.0722 * z + 0.05;
  };
  const lay = (colour: string): void => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
  };
  for (const ground of ['#fff', ...[...grounds].reverse()]) lay(ground);
  const under = luminance();
  lay(text);
  const over = luminance();
  return Math.max(under, over) / Math.min(under, over);
}

Object.assign(window, { reader: { cleaned, pictures, folded, dark } });

export type Reader = {
  cleaned: typeof cleaned;
  pictures: typeof pictures;
  folded: typeof folded;
  dark: typeof dark;
};
