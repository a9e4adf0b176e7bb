/**
 * Builders for the tests of this folder and of those who parse with it: text to cursor, through the real framer, and
 * productions run to the end of the command. Literals are written `{n+}` CRLF body.
 */
import { Cursor, type CursorModes } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import type { Frame } from './frame.ts';
import { Framer } from './framer.ts';
import { end } from './grammar.ts';
import { WireWriter } from './writer.ts';

const TEST_LIMITS = { lineBytes: 2 ** 21, literalBytes: 2 ** 21, literals: 1000, discardBytes: 2 ** 21 };

/** The first command of `input`, whose literals all stay in memory. */
export function frameFrom(input: string | Buffer): Frame {
  const framer = new Framer(TEST_LIMITS, () => 'buffer');
  framer.push(Buffer.from(input));
  const event = framer.next();
  if (event?.kind !== 'frame') throw new SyntaxFault(`no frame but ${event?.kind}`);
  return event.frame;
}

/** A cursor at the start of `text`, as if it stood behind a command's name and its space. */
export function cursorOver(text: string | Buffer, modes?: CursorModes): Cursor {
  const c = new Cursor(
    frameFrom(Buffer.concat([Buffer.from('a X '), Buffer.from(text), Buffer.from('\r\n')])),
    modes,
  );
  c.skip();
  return c;
}

/** Runs a production over the whole of `text`. */
export function parseAll<T>(text: string | Buffer, production: (c: Cursor) => T, modes?: CursorModes): T {
  const c = cursorOver(text, modes);
  const value = production(c);
  end(c);
  return value;
}

/** The message of the fault that `text` leads to; anything else thrown passes through, success is reported as such. */
export function faultOf(
  text: string | Buffer,
  production: (c: Cursor) => unknown,
  modes?: CursorModes,
): string {
  try {
    parseAll(text, production, modes);
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    return `${error.status}${error.code === undefined ? '' : ` [${error.code.code}]`} ${error.message}`;
  }
  return 'accepted';
}

/** What `write` says; literals of a server become literals a client may send unasked, so that it can be parsed. */
export function written(write: (w: WireWriter) => unknown, isUtf8 = false): string {
  const w = new WireWriter();
  w.isUtf8 = isUtf8;
  write(w);
  return Buffer.concat(w.take()).toString('latin1');
}

export function asClientLiterals(text: string): Buffer {
  return Buffer.from(text.replace(/\{(\d+)\}\r\n/g, '{$1+}\r\n'), 'latin1');
}
