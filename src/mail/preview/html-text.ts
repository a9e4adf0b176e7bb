/**
 * Reading a text/html body for a preview: the text that a person would see, without building a tree.
 *
 * Promises: nothing of scripts, styles, comments and what is hidden (by `hidden`, by `display:none` and its like); what is
 * in a block quote or in what mail programs put around quotes and signatures is told apart. Never throws; linear: every
 * octet is looked at a few times, whatever is not closed. It reads what mail has; it is no parser of HTML, and its text is
 * never shown as HTML.
 */
import type { Place, TextSink } from './collected-text.ts';
import { decodeReferences } from './entities.ts';

/** Their content is no markup; of none of them is it shown. */
const RAW: ReadonlySet<string> = new Set(
  'script style title textarea iframe noembed noframes xmp'.split(' '),
);
/** Their content is markup that a reader of mail does not see as text. */
const UNSHOWN: ReadonlySet<string> = new Set(
  'head template svg math object select audio video canvas'.split(' '),
);
const VOID: ReadonlySet<string> = new Set(
  'area base br col embed hr img input link meta param source track wbr'.split(' '),
);
const INLINE: ReadonlySet<string> = new Set(
  'a abbr acronym b bdi bdo big cite code em font i img ins kbd mark o:p q s samp small span strike strong sub sup tt u var wbr'.split(
    ' ',
  ),
);

const HIDING_STYLE =
  /display:none|visibility:hidden|mso-hide:all|(?:^|;)(?:opacity:0|font-size:0|max-height:0|max-width:0)(?:\.0+)?(?:px|pt|em|%)?(?:;|!|$)/;
const STYLE = /\sstyle\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/i;
const QUOTES = /\b(?:gmail_quote|gmail_attr|yahoo_quoted|moz-cite-prefix|protonmail_quote|tutanota_quote)\b/i;
const SIGNATURES =
  /\b(?:gmail_signature|moz-signature|protonmail_signature_block|ms-outlook-mobile-signature)\b/i;
/** What one of the others may be found in. */
const TELLING =
  /display|visib|opacity|font-size|max-|mso-|hidden|quote|gmail_|cite-pre|signature|appendon|divRply|OLK_/i;
/** From here on Outlook has what is answered. */
const QUOTE_BELOW = /\bid\s*=\s*["']?(?:x_)?(?:divRplyFwdMsg|appendonsend|OLK_SRC_BODY_SECTION)\b/i;

export function readHtml(html: string, into: TextSink): void {
  new HtmlReader(html, into).read();
}

/** An element whose content has a place of its own; it ends with the end tag that matches. */
interface Enclosure {
  readonly name: string;
  readonly place: Place | 'hidden';
  /** Elements of the same name that are open inside, itself among them. */
  depth: number;
}

class HtmlReader {
  readonly #html: string;
  readonly #into: TextSink;
  readonly #open: Enclosure[] = [];
  #rest: Place = 'own';
  #at = 0;

  constructor(html: string, into: TextSink) {
    this.#html = html;
    this.#into = into;
  }

  read(): void {
    const html = this.#html;
    while (this.#at < html.length && !this.#into.isFull) {
      const tag = html.indexOf('<', this.#at);
      const end = tag < 0 ? html.length : tag;
      if (end > this.#at) this.#text(this.#at, end);
      this.#at = end;
      if (tag >= 0) this.#markup();
    }
  }

  #text(from: number, to: number): void {
    const place = this.#open.at(-1)?.place ?? this.#rest;
    if (place === 'hidden') return;
    this.#into.add(place, decodeReferences(this.#html.slice(from, to)));
  }

  #markup(): void {
    const html = this.#html;
    const next = html.charCodeAt(this.#at + 1);
    if (html.startsWith('<!--', this.#at)) this.#skipPast('-->', 4);
    else if (next === 0x21 || next === 0x3f) this.#skipPast('>', 2);
    else if (next === 0x2f || isLetter(next)) this.#tag(next === 0x2f);
    else {
      this.#text(this.#at, this.#at + 1);
      this.#at++;
    }
  }

  #tag(isEnd: boolean): void {
    const html = this.#html;
    const nameStart = this.#at + (isEnd ? 2 : 1);
    let nameEnd = nameStart;
    while (nameEnd < html.length && nameEnd - nameStart < 40 && isNameChar(html.charCodeAt(nameEnd)))
      nameEnd++;
    const name = html.slice(nameStart, nameEnd).toLowerCase();
    const end = tagEnd(html, nameEnd);
    this.#at = end + 1;
    if (!INLINE.has(name)) this.#space();
    if (isEnd) this.#endElement(name);
    else if (html.charCodeAt(end - 1) !== 0x2f && !VOID.has(name))
      this.#startElement(name, html.slice(nameEnd, end));
  }

  #startElement(name: string, attributes: string): void {
    if (RAW.has(name)) {
      this.#skipRaw(name);
      return;
    }
    const inner = this.#open.at(-1);
    const telling = attributes.length > 3 && TELLING.test(attributes) ? attributes : '';
    if (telling !== '' && QUOTE_BELOW.test(telling)) this.#rest = 'quoted';
    const place = inner?.place === 'hidden' ? undefined : placeOf(name, telling);
    if (place !== undefined) this.#open.push({ name, place, depth: 1 });
    else if (inner?.name === name) inner.depth++;
  }

  /** Of an end tag that matches nothing that is open, no notice is taken. */
  #endElement(name: string): void {
    const inner = this.#open.at(-1);
    if (inner?.name === name && --inner.depth === 0) this.#open.pop();
  }

  #space(): void {
    const place = this.#open.at(-1)?.place ?? this.#rest;
    if (place !== 'hidden') this.#into.add(place, ' ');
  }

  #skipPast(mark: string, from: number): void {
    const end = this.#html.indexOf(mark, this.#at + from);
    this.#at = end < 0 ? this.#html.length : end + mark.length;
  }

  #skipRaw(name: string): void {
    const close = new RegExp(`</${name}[\\s/>]`, 'gi');
    close.lastIndex = this.#at;
    this.#at = close.test(this.#html) ? close.lastIndex - name.length - 3 : this.#html.length;
    if (this.#at < this.#html.length) this.#skipPast('>', 1);
  }
}

function placeOf(name: string, attributes: string): Place | 'hidden' | undefined {
  if (UNSHOWN.has(name)) return 'hidden';
  if (attributes === '') return name === 'blockquote' ? 'quoted' : undefined;
  if (isHidden(attributes)) return 'hidden';
  if (name === 'blockquote' || QUOTES.test(attributes)) return 'quoted';
  return SIGNATURES.test(attributes) ? 'signature' : undefined;
}

function isHidden(attributes: string): boolean {
  if (/hidden/i.test(attributes) && /\shidden(?:[\s=]|$)/i.test(attributes.replace(/"[^"]*"|'[^']*'/g, '""')))
    return true;
  const found = STYLE.exec(attributes);
  if (found === null) return false;
  const style = decodeReferences(found[1] ?? found[2] ?? found[3] ?? '');
  return HIDING_STYLE.test(style.replace(/\s+/g, '').toLowerCase());
}

/** The `>` that ends the tag, not one in quotes; without one, the end of the text. */
function tagEnd(html: string, from: number): number {
  let quote = 0;
  for (let at = from; at < html.length; at++) {
    const c = html.charCodeAt(at);
    if (quote !== 0) {
      if (c === quote) quote = 0;
    } else if (c === 0x3e) return at;
    // A quote that does not begin a value is a sign like any other.
    else if ((c === 0x22 || c === 0x27) && isValueStart(html, at)) quote = c;
  }
  return html.length;
}

function isValueStart(html: string, at: number): boolean {
  let before = at - 1;
  while (before > 0 && html.charCodeAt(before) === 0x20) before--;
  return html.charCodeAt(before) === 0x3d;
}

function isLetter(c: number): boolean {
  return (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a;
}

function isNameChar(c: number): boolean {
  return isLetter(c) || (c >= 0x30 && c <= 0x3a) || c === 0x2d;
}
