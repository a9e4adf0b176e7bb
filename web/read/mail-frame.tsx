/**
 * One HTML body in its frame: cleaned, filled, made dark, as high as it is. Nothing inside needs a listener; what the mail would do is
 * stopped by three walls (`src/web/frame.ts`). The frame is loaded once: should it ever load a second time, it is emptied.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { useTexts } from '../shell/app.ts';
import { type CleanMail, cleanMail } from './clean.ts';
import { darken } from './darken.ts';
import { fillFrame } from './frame-document.ts';
import { DARK_SHEET, declaresDark, FRAME_STYLE } from './frame-style.ts';
import { foldQuote } from './html-quotes.ts';
import { leadTo } from './lead-to.ts';
import type { PictureUrls } from './pictures.ts';

export interface MailFrameProps {
  readonly html: string;
  readonly title: string;
  readonly isDark: boolean;
  readonly areLinksDead: boolean;
  readonly pictures: PictureUrls;
  /** How many pictures of other servers are not shown. */
  readonly onHidden: (count: number) => void;
  /** It is too large to be shown as HTML. */
  readonly onTooLarge: () => void;
}

const SANDBOX = 'allow-same-origin allow-popups allow-popups-to-escape-sandbox';
/** Narrower than this it is scrolled sideways instead. */
const LEAST_ZOOM = 0.55;
const MAX_HEIGHT = 60_000;
const LEAST_HEIGHT = 24;
/** Of a bar to scroll sideways. */
const BAR = 16;
/** A mail that is always higher than its frame would grow for ever. */
const MAX_MEASURES = 20;
const CALM_MS = 1000;

export function MailFrame(props: MailFrameProps) {
  const { html, title, isDark, areLinksDead, pictures } = props;
  const frame = useRef<HTMLIFrameElement>(null);
  const [isLoaded, setLoaded] = useState(false);
  const [isPaper, setPaper] = useState(false);
  const texts = useTexts().read;

  const loads = useRef(0);
  const onLoad = (): void => {
    loads.current++;
    if (loads.current === 1) setLoaded(true);
    else frame.current?.remove();
  };

  useEffect(() => {
    const inside = frame.current?.contentDocument;
    if (!isLoaded || !inside) return;
    const mail = cleanMail(html, { follow: areLinksDead ? () => undefined : leadTo });
    if (mail.kind === 'too-large') {
      props.onTooLarge();
      return;
    }
    foldQuote(mail.body, texts.quoted);
    fillFrame(inside, mail, FRAME_STYLE);
    setPaper(isDark && !paintDark(inside, html));
    let isGone = false;
    void showPictures(mail, pictures).then((hidden) => {
      if (!isGone) props.onHidden(hidden);
    });
    const stop = keepHeight(frame.current as HTMLIFrameElement, inside);
    return () => {
      isGone = true;
      stop();
    };
  }, [isLoaded, html, isDark, areLinksDead, pictures]);

  return (
    <iframe
      ref={frame}
      class={isPaper ? 'mail-frame paper' : 'mail-frame'}
      title={title}
      sandbox={SANDBOX}
      src="/frame"
      onLoad={onLoad}
    />
  );
}

/** Whether it is dark; a mail that knows how to be is left to it. */
function paintDark(inside: Document, html: string): boolean {
  const root = inside.documentElement;
  const isAsked = inside.defaultView?.matchMedia('(prefers-color-scheme: dark)').matches ?? false;
  if (declaresDark(html) && isAsked) {
    root.style.colorScheme = 'dark';
    return true;
  }
  if (!darken(inside, DARK_SHEET)) return false;
  root.classList.add('dark');
  return true;
}

async function showPictures({ pictures }: CleanMail, { urlOf }: PictureUrls): Promise<number> {
  const urls = await urlOf(pictures.map(({ source }) => source));
  let hidden = 0;
  for (const [i, place] of pictures.entries()) {
    const url = urls[i];
    if (url !== undefined) place.put(url);
    else if (place.source.kind === 'remote') hidden++;
  }
  return hidden;
}

/** As high as the mail, and as narrow as the page: what is wider is made smaller, or scrolled sideways. */
function keepHeight(frame: HTMLIFrameElement, inside: Document): () => void {
  const { body, documentElement: root } = inside;
  let since = performance.now();
  let measures = 0;
  const measure = (): void => {
    if (performance.now() - since > CALM_MS) [since, measures] = [performance.now(), 0];
    if (measures++ > MAX_MEASURES) return;
    body.style.removeProperty('zoom');
    const room = root.clientWidth;
    const wanted = Math.max(body.scrollWidth, root.scrollWidth);
    if (room > 0 && wanted > room + 1)
      body.style.setProperty('zoom', String(Math.max(LEAST_ZOOM, room / wanted)));
    const bar = root.scrollWidth > root.clientWidth + 1 ? BAR : 0;
    const height = Math.ceil(root.getBoundingClientRect().height) + bar;
    frame.style.height = `${Math.min(MAX_HEIGHT, Math.max(LEAST_HEIGHT, height))}px`;
    frame.classList.add('shown');
  };
  measure();
  const observer = new ResizeObserver(measure);
  for (const one of [root, body, frame]) observer.observe(one);
  return () => observer.disconnect();
}
