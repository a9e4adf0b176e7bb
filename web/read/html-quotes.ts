/**
 * Finds what an HTML mail quotes of the one before at its end, and folds it into a `details`, which opens without any script. What
 * is answered in between stays open. Works on cleaned nodes, before they are shown.
 */

/** How programs mark what they quote: the standard way, Gmail, Yahoo, Proton, Outlook on the web and on computers, Thunderbird, and ours. */
const QUOTES = [
  'blockquote[type="cite"]',
  'blockquote.gmail_quote',
  '.gmail_quote',
  '.gmail_quote_container',
  '.yahoo_quoted',
  '.protonmail_quote',
  '#appendonsend',
  '#divRplyFwdMsg',
  '.moz-cite-prefix',
  '.brevduva-quote',
].join(', ');
/** These only begin it: what follows them is the quotation. */
const BEGINNINGS = '#appendonsend, #divRplyFwdMsg, .moz-cite-prefix';
/** A forwarded mail is what the mail is about. */
const FORWARDED =
  /^[\s-]*(?:forwarded message|begin forwarded message|vidarebefordrat meddelande|-+ ?original)/i;

/** Whether something was folded. `word` is what a person reads on the fold. */
export function foldQuote(body: HTMLElement, word: string): boolean {
  const first = Array.from(body.querySelectorAll<HTMLElement>(QUOTES)).find(
    (quote) => !saysMoreAfter(quote, body) && !FORWARDED.test(quote.textContent?.slice(0, 200) ?? ''),
  );
  if (first === undefined || !hasWordsBefore(first, body)) return false;
  const inside = [first as Node, ...followers(first)];
  const fold = body.ownerDocument.createElement('details');
  fold.className = 'brevduva-fold';
  const summary = body.ownerDocument.createElement('summary');
  summary.textContent = word;
  first.before(fold);
  fold.append(summary, ...inside);
  return true;
}

function followers(element: Element): Node[] {
  const found: Node[] = [];
  for (let next = element.nextSibling; next !== null; next = next.nextSibling) found.push(next);
  return found;
}

/** Words after it, in it or in what is around it, that are not quoted themselves. */
function saysMoreAfter(quote: HTMLElement, body: HTMLElement): boolean {
  if (quote.matches(BEGINNINGS)) return false;
  for (let at: Element | null = quote; at !== null && at !== body; at = at.parentElement)
    if (followers(at).some((node) => isSaid(node))) return true;
  return false;
}

function isSaid(node: Node): boolean {
  if (node.nodeType === 3) return /\S/.test(node.nodeValue ?? '');
  if (node.nodeType !== 1 || node.nodeName === 'STYLE') return false;
  const element = node as Element;
  if (element.matches(`${QUOTES}, .gmail_signature, .moz-signature`)) return false;
  return element.tagName === 'IMG' || Array.from(element.childNodes).some(isSaid);
}

/** A mail that is nothing but a quotation is shown. */
function hasWordsBefore(quote: HTMLElement, body: HTMLElement): boolean {
  for (let at: Element | null = quote; at !== null && at !== body; at = at.parentElement)
    for (let node = at.previousSibling; node !== null; node = node.previousSibling)
      if (isSaid(node)) return true;
  return false;
}
