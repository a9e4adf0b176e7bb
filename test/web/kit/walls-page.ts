/** What the page of the tests of walls runs: shows a mail in a frame, with those of the three walls that are asked for. */
import { cleanMail } from '../../../web/read/clean.ts';
import { fillFrame } from '../../../web/read/frame-document.ts';

export interface Walls {
  /** Else the mail is written into the frame as it came. */
  readonly isCleaned: boolean;
  /** Else the frame's document has no policy. */
  readonly hasPolicy: boolean;
  readonly hasSandbox: boolean;
}

/** Names of what a cleaned mail has and no mail may have. */
async function show(html: string, { isCleaned, hasPolicy, hasSandbox }: Walls): Promise<string[]> {
  const frame = document.createElement('iframe');
  if (hasSandbox)
    frame.setAttribute('sandbox', 'allow-same-origin allow-popups allow-popups-to-escape-sandbox');
  frame.src = hasPolicy ? '/frame' : '/frame-without-policy';
  frame.style.cssText = 'width:600px;height:400px';
  const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
  document.body.append(frame);
  await loaded;
  const inside = frame.contentDocument as Document;
  if (!isCleaned) {
    inside.open();
    inside.write(html);
    inside.close();
    return [];
  }
  const mail = cleanMail(html, { follow: (link) => link.target });
  if (mail.kind === 'clean') fillFrame(inside, mail, '');
  return oddThingsIn(inside.body);
}

const NEVER =
  /^(?:script|svg|math|iframe|form|input|button|select|textarea|meta|base|link|object|embed|template)$/i;
const NEVER_SAID =
  /^(?:on.*|src|srcset|name|background|ping|action|formaction|xlink:href|is|slot|tabindex)$/i;

function oddThingsIn(body: HTMLElement): string[] {
  return Array.from(body.querySelectorAll('*')).flatMap((element) => [
    ...(NEVER.test(element.localName) || element.namespaceURI !== body.namespaceURI
      ? [element.localName]
      : []),
    ...element.getAttributeNames().filter((name) => NEVER_SAID.test(name)),
  ]);
}

function measure(html: string): { readonly kind: string; readonly ms: number } {
  const began = performance.now();
  const { kind } = cleanMail(html, { follow: (link) => link.target });
  return { kind, ms: performance.now() - began };
}

Object.assign(window, { show, measure });
