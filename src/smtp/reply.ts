/**
 * A reply of SMTP and its relatives (RFC 5321 §4.2): a code, and a text that begins with an enhanced status code
 * (RFC 2034) wherever one belongs, which is everywhere but in the greeting and the answer to LHLO.
 */
export interface Reply {
  readonly code: number;
  /** `x.y.z`, a blank, and a sentence. ASCII (RFC 6531 §3.7.4.2), no line breaks. */
  readonly text: string;
}

export function replyLine({ code, text }: Reply): Buffer {
  return Buffer.from(`${code} ${text}\r\n`, 'latin1');
}

/** RFC 5321 §4.2.1: several lines, all but the last with a hyphen. */
export function replyLines(code: number, texts: readonly string[]): Buffer {
  const last = texts.length - 1;
  return Buffer.from(
    texts.map((text, i) => `${code}${i === last ? ' ' : '-'}${text}\r\n`).join(''),
    'latin1',
  );
}
