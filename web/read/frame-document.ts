/** Puts a cleaned mail into the empty document of its frame: nodes are adopted, and nothing is parsed again. */
import type { CleanMail } from './clean.ts';

/** What a `body` of a mail may say about itself, and what the frame's own body then says. */
const OF_BODY = ['style', 'class', 'id', 'dir', 'lang', 'bgcolor', 'text', 'link', 'vlink', 'alink'];

/** `style` is the sheet that stands before those of the mail. Whatever was in the document before is gone. */
export function fillFrame(frame: Document, mail: CleanMail, style: string): void {
  const sheet = frame.createElement('style');
  sheet.textContent = style;
  frame.head.replaceChildren(sheet);
  for (const name of frame.body.getAttributeNames()) frame.body.removeAttribute(name);
  for (const name of OF_BODY) {
    const value = mail.body.getAttribute(name);
    if (value !== null) frame.body.setAttribute(name, value);
  }
  frame.body.replaceChildren(...mail.body.childNodes);
}
