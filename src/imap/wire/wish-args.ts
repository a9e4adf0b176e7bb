/** What a client would like, best first: language ranges (RFC 5255 §3.5), comparators (§4.10). */
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { astring, end, isTrailingSpace } from './grammar.ts';

const SP = 0x20;
/** Nobody speaks more languages. */
const MAX_WISHES = 50;
/** RFC 4790 §3.2. */
const MAX_WISH_BYTES = 254;

/** `*(SP astring)` to the end of the command, in lower case. */
export function wishesToEnd(c: Cursor): string[] {
  const wishes: string[] = [];
  while (c.peek() === SP && !isTrailingSpace(c)) {
    c.skip();
    if (wishes.length === MAX_WISHES) throw new SyntaxFault('Too many choices', { code: { code: 'LIMIT' } });
    const wish = astring(c);
    if (wish.length === 0 || wish.length > MAX_WISH_BYTES) throw new SyntaxFault('This is no choice');
    wishes.push(wish.toString('latin1').toLowerCase());
  }
  end(c);
  return wishes;
}
