/**
 * Plain text from a mail as lines with the depth of their quotation. Text that is `format=flowed` has its soft line ends taken out,
 * so that a paragraph is one line on every screen (RFC 3676 §4).
 */

export interface PlainLine {
  /** How often it was quoted. */
  readonly depth: number;
  readonly text: string;
}

export interface TextFormat {
  /** The parameters of its Content-Type, in lower case; undefined where there are none. */
  readonly format?: string | undefined;
  readonly delsp?: string | undefined;
}

/** RFC 3676 §4.3: it ends with a space and flows all the same into nothing. */
const SIGNATURE = '-- ';

export function plainLines(text: string, { format, delsp }: TextFormat = {}): PlainLine[] {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return format === 'flowed' ? unflowed(lines, delsp === 'yes') : lines.map(quotedLine);
}

/** As people and programs write it: `> > text`, `>> text`. */
function quotedLine(line: string): PlainLine {
  const marks = /^(?:> ?)+/.exec(line)?.[0] ?? '';
  return { depth: marks.replaceAll(' ', '').length, text: line.slice(marks.length) };
}

function unflowed(lines: readonly string[], isSpaceDeleted: boolean): PlainLine[] {
  const out: PlainLine[] = [];
  let isOpen = false;
  for (const line of lines) {
    const depth = /^>*/.exec(line)?.[0].length ?? 0;
    const rest = line.slice(depth);
    const text = rest.startsWith(' ') ? rest.slice(1) : rest;
    const last = out.at(-1);
    const isSignature = text === SIGNATURE;
    const flowsOn = text.endsWith(' ') && !isSignature;
    const kept = flowsOn && isSpaceDeleted ? text.slice(0, -1) : text;
    // A paragraph ends where the depth changes, whatever its last line says (§4.5).
    if (isOpen && last !== undefined && last.depth === depth && !isSignature)
      out[out.length - 1] = { depth, text: last.text + kept };
    else out.push({ depth, text: kept });
    isOpen = flowsOn;
  }
  return out;
}
