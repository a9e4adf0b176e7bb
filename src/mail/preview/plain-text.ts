/**
 * Reading a text/plain body for a preview: which lines the writer has written, which are quoted, which are the
 * signature. Conventions, not a standard: `>` (RFC 3676 §4.5), `-- ` (RFC 3676 §4.3), the line that says who wrote what is
 * quoted, and the bars over the message that a reply has below itself.
 *
 * Linear in what is looked at, which is no more than MAX_LINES.
 */
import type { CollectedText, Place } from './collected-text.ts';

const MAX_LINES = 2000;
/** "On Monday, somebody at their very long address\n<them@example.com> wrote:" */
const MAX_ATTRIBUTION = 3;

/** What people draw between paragraphs. */
const RULER = /^[\s\-_=*#~.+|–—]{3,}$/;
const SIGNATURE = /^-- ?$/;
const MESSAGE_BELOW =
  /^\s*(?:-{2,}.{0,60}-{2,}|begin forwarded message:|anfang der weitergeleiteten nachricht:|vidarebefordrat brev:)\s*$/i;
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
  let at = 0;
  for (let count = 0; count < MAX_LINES && at < body.length; count++) {
    const lf = body.indexOf('\n', at);
    const end = lf < 0 ? body.length : lf;
    const raw = body.slice(at, end);
    at = end + 1;
    if (rest === 'own') {
      if (SIGNATURE.test(raw.replace(/\r$/, ''))) rest = 'signature';
      else if (MESSAGE_BELOW.test(raw) || (LONG_BAR.test(raw) && HEADER_LINE.test(body.slice(at, at + 20))))
        rest = 'quoted';
      if (rest !== 'own') continue;
    }
    if (raw.startsWith('>')) {
      if (rest === 'own') markAttribution(lines);
      lines.push({ text: raw.replace(/^[>\s]+/, ''), place: 'quoted' });
    } else if (!RULER.test(raw)) lines.push({ text: raw.replace(BRACKETED_LINK, ''), place: rest });
  }
  return lines;
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
