/**
 * Mails on paper: a page of its own with nothing on it but them, each with its header, whole and unfolded. It is a document of the
 * frame's kind, in which nothing runs; each mail has its own root in it, so that no style sheet of one reaches another.
 */

import type { Texts } from '../text/en.ts';
import type { Formats } from '../text/format.ts';
import { cleanMail } from './clean.ts';
import { type BodyPart, type BodyPiece, bodyOf, type FullEmail } from './full-email.ts';
import { wholeMail } from './open-mails.ts';
import { wholeOf } from './people.ts';
import { isAllowed, pictureUrls } from './pictures.ts';
import type { Reading } from './reading.ts';
import type { Person } from './trust.ts';

export interface PrintParts {
  readonly reading: Reading;
  readonly texts: Texts['read'];
  readonly formats: Formats;
}

const STYLE = `
html{font:11pt/1.45 system-ui,sans-serif;color:#000;background:#fff}
body{margin:0 auto;max-width:180mm;padding:8mm}
h1{font-size:16pt;line-height:1.25;margin:0 0 6mm}
article{margin:0 0 10mm}
article+article{border-top:.5pt solid #999;padding-top:6mm}
dl{margin:0 0 4mm;display:grid;grid-template-columns:max-content 1fr;gap:0 4mm;font-size:10pt;break-inside:avoid;break-after:avoid}
dt{color:#555}dd{margin:0;overflow-wrap:anywhere}
@page{margin:16mm}
@media print{body{padding:0;max-width:none}}
`;
const MAIL_STYLE = `
:host{display:block;overflow-wrap:anywhere}
p,li,tr,blockquote,img{orphans:3;widows:3}
img,tr{break-inside:avoid}
img,table{max-width:100%}
img{height:auto}
pre,.text{white-space:pre-wrap;font:inherit;margin:0}
`;
const MAX_WAIT_MS = 5000;

/** Resolves when the browser's own window for it has been shown, or the page could not be opened. */
export async function printMails(ids: readonly string[], parts: PrintParts): Promise<void> {
  const page = window.open('/print');
  if (page === null) return;
  const emails = await Promise.all(ids.map((id) => wholeMail(parts.reading.mails, id)));
  await loaded(page);
  const there = emails.flatMap((email) => email ?? []);
  await fillPage(page.document, there, parts);
  page.print();
}

async function loaded(page: Window): Promise<void> {
  const until = performance.now() + MAX_WAIT_MS;
  while (
    (page.location.pathname !== '/print' || page.document.readyState !== 'complete') &&
    performance.now() < until
  )
    await new Promise((resolve) => setTimeout(resolve, 20));
}

async function fillPage(page: Document, emails: readonly FullEmail[], parts: PrintParts): Promise<void> {
  const style = page.createElement('style');
  style.textContent = STYLE;
  page.head.append(style);
  page.title = emails[0]?.subject || parts.texts.noSubject;
  const heading = page.createElement('h1');
  heading.textContent = page.title;
  const articles = await Promise.all(emails.map((email) => articleOf(page, email, parts)));
  page.body.replaceChildren(heading, ...articles);
  const pictures = articles.flatMap((one) => [
    ...(one.lastElementChild?.shadowRoot?.querySelectorAll('img') ?? []),
  ]);
  const shown = Promise.allSettled(pictures.map((picture) => picture.decode()));
  await Promise.race([shown, new Promise((resolve) => setTimeout(resolve, MAX_WAIT_MS))]);
}

async function articleOf(page: Document, email: FullEmail, parts: PrintParts): Promise<HTMLElement> {
  const article = page.createElement('article');
  const body = page.createElement('div');
  article.append(fieldsOf(page, email, parts), body);
  const root = body.attachShadow({ mode: 'open' });
  const style = page.createElement('style');
  style.textContent = MAIL_STYLE;
  root.append(style);
  for (const piece of bodyOf(email)) root.append(...(await nodesOf(page, piece, email, parts)));
  return article;
}

function fieldsOf(page: Document, email: FullEmail, { texts, formats }: PrintParts): HTMLElement {
  const list = page.createElement('dl');
  const people = (all: readonly Person[] | null): string => (all ?? []).map(wholeOf).join(', ');
  const rows = [
    [texts.from, people(email.from)],
    [texts.toField, people(email.to)],
    [texts.cc, people(email.cc)],
    [texts.date, formats.fullTime(email.sentAt ?? email.receivedAt)],
    [
      texts.files(email.attachments.length),
      email.attachments.map(({ name }) => name ?? texts.file).join(', '),
    ],
  ] as const;
  for (const [name, value] of rows) {
    if (value === '') continue;
    const [term, said] = [page.createElement('dt'), page.createElement('dd')];
    term.textContent = name;
    said.textContent = value;
    said.dir = 'auto';
    list.append(term, said);
  }
  return list;
}

async function nodesOf(
  page: Document,
  piece: BodyPiece,
  email: FullEmail,
  { reading }: PrintParts,
): Promise<Node[]> {
  const download = (part: BodyPart): string =>
    reading.download({ blobId: part.blobId ?? '', name: part.name ?? 'picture', type: part.type });
  if (piece.kind === 'picture') {
    const picture = page.createElement('img');
    picture.src = download(piece.part);
    return [picture];
  }
  if (piece.kind === 'text') return [textOf(page, piece.text)];
  const mail = cleanMail(piece.html, { follow: ({ target }) => target });
  if (mail.kind === 'too-large')
    return bodyOf(email, true).flatMap((one) => (one.kind === 'text' ? [textOf(page, one.text)] : []));
  const wantsRemote = isAllowed(reading.picturesFrom.peek(), email.from?.[0]?.email ?? '');
  const parts = [...email.attachments, ...email.htmlBody];
  const { urlOf } = pictureUrls({ email: email.id, parts, download, wantsRemote, fetch: reading.fetch });
  const urls = await urlOf(mail.pictures.map(({ source }) => source));
  for (const [i, place] of mail.pictures.entries()) {
    const url = urls[i];
    if (url !== undefined) place.put(url);
  }
  return [...mail.body.childNodes];
}

function textOf(page: Document, text: string): HTMLElement {
  const block = page.createElement('div');
  block.className = 'text';
  block.dir = 'auto';
  block.textContent = text;
  return block;
}
