/** The small grammar of RFC 8601 §2.2: comments, tokens, quoted strings. */

/** Comments, which may nest (RFC 5322 §3.2.2), as one space each; those inside quoted strings are none. */
export function withoutComments(text: string): string {
  let out = '';
  let depth = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (c === '\\' && (isQuoted || depth > 0)) {
      if (depth === 0) out += text.slice(i, i + 2);
      i++;
    } else if (isQuoted) {
      out += c;
      isQuoted = c !== '"';
    } else if (c === '(') {
      if (depth++ === 0) out += ' ';
    } else if (c === ')' && depth > 0) depth--;
    else if (depth === 0) {
      out += c;
      isQuoted = c === '"';
    }
  }
  return out;
}

/** RFC 2045 §5.1 `token`, with the `/`, `@` and `=` that values of properties may have besides (RFC 8601 §2.2 `pvalue`). */
const PLAIN = /^[A-Za-z0-9!#$%&'*+\-.^_`{|}~@/=]+$/;

/** A value as it may stand: by itself, or quoted. Line ends and control characters do not come through. */
export function pvalue(value: string): string {
  if (PLAIN.test(value)) return value;
  return `"${visible(value).replace(/["\\]/g, '\\$&')}"`;
}

/** RFC 5322 §3.2.2: text of a comment. */
export function commentText(text: string): string {
  return visible(text).replace(/[()\\]/g, ' ');
}

function visible(text: string): string {
  return text.replace(/[\x00-\x1f\x7f]+/g, ' ');
}
