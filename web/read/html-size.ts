/**
 * Whether HTML can be shown in good time, told from its octets before anything parses it: parsers of browsers take minutes over some
 * hundred thousand tables in each other. What passes is counted exactly while it is cleaned.
 */

export const MAX_HTML = 1024 * 1024;
export const MAX_NODES = 20_000;
export const MAX_DEPTH = 200;

/** Elements with an end tag that may not be left out, so what is open is how deep one is. Sloppy mail leaves some out all the same. */
const NESTING =
  /<(\/?)(?:table|div|blockquote|center|span|font|b|i|u|em|strong|a|ul|ol|dl|svg|math|object|select)\b/gi;
const MAX_OPEN = 2 * MAX_DEPTH;
/** With their end tags. */
const MAX_TAGS = 2 * MAX_NODES;

export function isTooLargeToParse(html: string): boolean {
  if (html.length > MAX_HTML) return true;
  let tags = 0;
  for (let at = html.indexOf('<'); at >= 0; at = html.indexOf('<', at + 1))
    if (++tags > MAX_TAGS) return true;
  let open = 0;
  for (const [, isEnd] of html.matchAll(NESTING)) {
    open = isEnd === '' ? open + 1 : Math.max(0, open - 1);
    if (open > MAX_OPEN) return true;
  }
  return false;
}
