/**
 * A reply of SMTP and its relatives (RFC 5321 §4.2): a code, and a text that begins with an enhanced status code
 * (RFC 2034) wherever one belongs, which is everywhere but in the greeting and the answer to LHLO.
 */
export interface Reply {
  readonly code: number;
  /** `x.y.z`, a blank, and a sentence. ASCII (RFC 6531 §3.7.4.2). Each LF begins another line of the reply. */
  readonly text: string;
}

export function replyLine({ code, text }: Reply): Buffer {
  const [first = '', ...more] = text.split('\n');
  // RFC 2034 §4: the code is on each line.
  const enhanced = more.length === 0 ? '' : (/^\d\.\d{1,3}\.\d{1,3} /.exec(first)?.[0] ?? '');
  return replyLines(code, [first, ...more.map((line) => `${enhanced}${line}`)]);
}

/** RFC 5321 §4.2.1: several lines, all but the last with a hyphen. */
export function replyLines(code: number, texts: readonly string[]): Buffer {
  const last = texts.length - 1;
  return Buffer.from(
    texts.map((text, i) => `${code}${i === last ? ' ' : '-'}${text}\r\n`).join(''),
    'latin1',
  );
}
