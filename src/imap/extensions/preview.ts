/**
 * PREVIEW (RFC 8970): the beginning of what a message says, computed at delivery. Mail whose preview is not there yet (it is of
 * an older version) is read for it, unless the client has said that it can wait.
 */
import { PartScanner } from '../../mail/part.ts';
import { defineExtension } from '../extension.ts';
import { type FetchedMessage, fetchItem } from '../item.ts';
import type { Cursor } from '../wire/cursor.ts';
import type { WireWriter } from '../wire/writer.ts';

interface PreviewArgs {
  readonly isLazy: boolean;
}

export const preview = defineExtension({
  rfc: 'RFC 8970 PREVIEW',
  capabilities: () => ['PREVIEW'],
  fetchItems: [
    fetchItem<PreviewArgs>({
      name: 'PREVIEW',
      parse,
      needs: () => ['preview'],
      write(out, message, { isLazy }) {
        out.ascii('PREVIEW ');
        const stored = message.email?.preview;
        if (stored !== undefined) out.string(stored);
        else if (isLazy) out.nil();
        else return writeComputed(out, message);
        return undefined;
      },
    }),
  ],
});

const SP = 0x20;
const OPEN = 0x28;
const CLOSE = 0x29;

/** `[SP "(" "LAZY" ")"]`; another parenthesis is a modifier of FETCH. */
function parse(c: Cursor): PreviewArgs {
  const mark = c.mark();
  if (c.maybeByte(SP) && c.maybeByte(OPEN) && c.maybeWord('LAZY')) {
    c.expectByte(CLOSE, ')');
    return { isLazy: true };
  }
  c.reset(mark);
  return { isLazy: false };
}

/** Without NIL, whatever it takes (§3.2). */
async function writeComputed(out: WireWriter, message: FetchedMessage): Promise<undefined> {
  const scanner = new PartScanner();
  for await (const slice of message.stream(0, message.record.size)) {
    scanner.write(slice);
    const rest = message.rest();
    if (rest !== undefined) await rest;
  }
  scanner.end();
  out.string(Buffer.from(scanner.preview()));
  return undefined;
}
