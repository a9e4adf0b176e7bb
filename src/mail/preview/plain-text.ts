/**
 * Reading a text/plain body for a preview: which lines the writer has written, which are quoted, which are the
 * signature. Conventions, not a standard: `>` (RFC 3676 §4.5), `-- ` (RFC 3676 §4.3), the line that says who wrote what is
 * quoted, and the bars over the message that a reply has below itself.
 *
 * Linear in what is looked at, which is no more than MAX_LINES.
 */
import type { CollectedText, Place } from './collected-text.ts';

const MAX_LINES = 2000;
/** Of the writer's own; the last of them may turn out to be somebody else's. */
const MAX_OWN = 4096;
/** "On Monday, somebody at their very long address\n<them@example.com> wrote:" */
const MAX_ATTRIBUTION = 3;

/** What people draw between paragraphs. */
const RULER = /^[\s\-_=*#~.+|–—]{3,}$/;
const SIGNATURE = /^-- ?$/;
const MESSAGE_BELOW =
  /^\s*(?:-{2,}\s*[^\s-].{0,60}-{2,}|begin forwarded message:|anfang der weitergeleiteten nachricht:|vidarebefordrat brev:)\s*$/i;
const LONG_BAR = /^_{10,}\s*$/;
const HEADER_LINE = /^\*?(?:from|von|från|fra|de|da|van|od|lähettäjä)\s?:/i;
/** Links as mail clients write them into the text of HTML mail; of pictures only the place. */
const BRACKETED_LINK = /<(?:https?|mailto):[^<>\s]{1,4000}>|\[(?:cid|image|https?):[^[\]]{0,4000}\]/gi;

interface Line {
  readonly text: string;
  place: Place;
}

export function readPlainText(body: string, into: CollectedText): void {
  const lines = linesOf(body);
  for (const { text, place } of lines) {
    if (into.isFull) return;
    into.add(place, `${text} `);
  }
}

function linesOf(body: string): Line[] {
  const lines: Line[] = [];
  let rest: Place = 'own';
  let ownLength = 0;
  let at = 0;
  for (let count = 0; count < MAX_LINES && ownLength < MAX_OWN && at < body.length; count++) {
    const lf = body.indexOf('\n', at);
    const end = lf < 0 ? body.length : lf;
    const raw = body.slice(at, body.charCodeAt(end - 1) === 0x0d && end > at ? end - 1 : end);
    at = end + 1;
    const isOpen = rest === 'own' && mayBeMark(raw);
    if (isOpen) rest = placeBehind(raw, body.slice(at, at + 20));
    if (isOpen && rest !== 'own') continue;
    if (raw.startsWith('>')) {
      if (rest === 'own') markAttribution(lines);
      lines.push({ text: raw.replace(/^[>\s]+/, ''), place: 'quoted' });
    } else if (!isOpen || !RULER.test(raw)) {
      const hasLink = raw.includes('<') || raw.includes('[');
      lines.push({ text: hasLink ? raw.replace(BRACKETED_LINK, '') : raw, place: rest });
      if (rest === 'own') ownLength += raw.length;
    }
  }
  return lines;
}

/** Rulers, signatures and what says that another message follows: lines that begin with a sign, or with one of a few words. */
function mayBeMark(line: string): boolean {
  const c = line.charCodeAt(0);
  if (c >= 0x80) return c === 0x2013 || c === 0x2014;
  const isLetter = (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a;
  return isLetter ? 'abvABV'.includes(line.charAt(0)) : !(c >= 0x30 && c <= 0x39);
}

function placeBehind(line: string, next: string): Place {
  if (SIGNATURE.test(line)) return 'signature';
  const isBelow = MESSAGE_BELOW.test(line) || (LONG_BAR.test(line) && HEADER_LINE.test(next));
  return isBelow ? 'quoted' : 'own';
}

/** The last lines of the writer's, when they are one short paragraph that ends in a colon. */
function markAttribution(lines: readonly Line[]): void {
  let last = lines.length - 1;
  while (last >= 0 && (lines[last] as Line).text.trim() === '') last--;
  if (last < 0 || (lines[last] as Line).place !== 'own' || !/[:：]\s*$/.test((lines[last] as Line).text))
    return;
  let first = last;
  while (first > 0 && last - first < MAX_ATTRIBUTION && (lines[first - 1] as Line).text.trim() !== '')
    first--;
  // A longer paragraph is the writer's, but for its last line.
  if (last - first === MAX_ATTRIBUTION) first = last;
  for (let i = first; i <= last; i++) (lines[i] as Line).place = 'quoted';
}
