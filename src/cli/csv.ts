/**
 * Comma-separated values as spreadsheets write them (RFC 4180): quoted fields, doubled quotes, line ends of either kind.
 * Each record carries the number of the line it begins on.
 */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
  /** A quote that was never closed, or text behind a closing one. */
  readonly isBroken: boolean;
}

export function* parseCsv(text: string): Generator<CsvRecord> {
  let line = 1;
  let at = text.startsWith('\ufeff') ? 1 : 0;
  while (at < text.length) {
    const start = line;
    const fields: string[] = [];
    let isBroken = false;
    for (;;) {
      const field = text[at] === '"' ? quotedField(text, at) : plainField(text, at);
      fields.push(field.value);
      isBroken ||= field.isBroken;
      for (let i = text.indexOf('\n', at); i >= 0 && i < field.end; i = text.indexOf('\n', i + 1)) line++;
      at = field.end;
      if (text[at] !== ',') break;
      at++;
    }
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    line++;
    if (fields.length > 1 || fields[0]?.trim() !== '') yield { line: start, fields, isBroken };
  }
}

interface Field {
  readonly value: string;
  readonly end: number;
  readonly isBroken: boolean;
}

function plainField(text: string, start: number): Field {
  let end = start;
  while (end < text.length && text[end] !== ',' && text[end] !== '\n' && text[end] !== '\r') end++;
  return { value: text.slice(start, end), end, isBroken: false };
}

function quotedField(text: string, start: number): Field {
  let value = '';
  for (let at = start + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote < 0) {
      // Only this line is lost: the quote was a mistake, not the beginning of the rest of the file.
      const { end } = plainField(text, start + 1);
      return { value: text.slice(start, end), end, isBroken: true };
    }
    value += text.slice(at, quote);
    if (text[quote + 1] !== '"') {
      const rest = plainField(text, quote + 1);
      return { value: value + rest.value, end: rest.end, isBroken: rest.value.trim() !== '' };
    }
    value += '"';
    at = quote + 2;
  }
}
