/** What the server says, as octets (RFC 5804 §1.2-1.3, §4). */

const MAX_QUOTED = 1024;

/** A string in quotes where it can be one, else a literal. */
export function stringOf(value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value.toWellFormed()) : value;
  const text = bytes.toString('utf8');
  if (bytes.length > MAX_QUOTED || /[\r\n\0]/.test(text) || text.includes('\ufffd'))
    return Buffer.concat([Buffer.from(`{${bytes.length}}\r\n`), bytes]);
  return Buffer.from(`"${text.replace(/["\\]/g, '\\$&')}"`);
}

export interface Code {
  /** `QUOTA/MAXSIZE` */
  readonly name: string;
  readonly value?: string;
}

/** One of the three answers that end a command. */
export function answer(status: 'OK' | 'NO' | 'BYE', text?: string, code?: Code): Buffer {
  const parts: Buffer[] = [Buffer.from(status)];
  if (code !== undefined) {
    parts.push(Buffer.from(` (${code.name}`));
    if (code.value !== undefined) parts.push(Buffer.from(' '), stringOf(code.value));
    parts.push(Buffer.from(')'));
  }
  if (text !== undefined) parts.push(Buffer.from(' '), stringOf(text));
  parts.push(Buffer.from('\r\n'));
  return Buffer.concat(parts);
}

/** One line of strings, perhaps with a word behind them. */
export function line(strings: readonly (string | Buffer)[], word = ''): Buffer {
  const parts: Buffer[] = strings.flatMap((value, i): Buffer[] =>
    i === 0 ? [stringOf(value)] : [Buffer.from(' '), stringOf(value)],
  );
  return Buffer.concat([...parts, Buffer.from(`${word === '' ? '' : ` ${word}`}\r\n`)]);
}
