/** Whatever a message is made of, export and import give it back octet for octet, with its marks. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import type { ExportMessage, ExportTarget } from './export.ts';
import { openMaildirSource } from './maildir-source.ts';
import { openMaildirTarget } from './maildir-target.ts';
import { openMboxSource } from './mbox-source.ts';
import { openMboxTarget } from './mbox-target.ts';
import type { Source } from './source.ts';

const folder = mkdtempSync(join(tmpdir(), 'brevduva-round-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const FORMATS: Readonly<
  Record<string, { target(path: string): ExportTarget; source(path: string): Source }>
> = {
  mbox: { target: openMboxTarget, source: (path) => openMboxSource(path, { quoting: 'mboxrd' }) },
  maildir: { target: openMaildirTarget, source: openMaildirSource },
};

interface Marked {
  readonly text: string;
  readonly flags: number;
  readonly keywords: readonly string[];
}

/** In order, dated a second apart. */
async function roundTrip(
  format: string,
  messages: readonly Marked[],
  isStreamed = false,
): Promise<readonly Marked[]> {
  const { target, source } = FORMATS[format] as (typeof FORMATS)['mbox'] & object;
  const path = mkdtempSync(join(folder, 'r-'));
  const out = target(path);
  const inbox = out.folder({ name: 'INBOX', exists: 0, bytes: 0, isSubscribed: true });
  for (const [i, { text, flags, keywords }] of messages.entries()) {
    const marks = { uid: i + 1, flags, keywords, internalDate: 1_600_000_000 + i };
    const bytes = Buffer.from(text, 'latin1');
    if (isStreamed) await inbox.stream(marks, streamed(bytes));
    else inbox.write({ ...marks, bytes } satisfies ExportMessage);
  }
  assert.deepEqual(inbox.close(), []);
  out.finish();
  const back = source(path);
  assert.deepEqual(back.skipped, []);
  const open = back.folders.find(({ name }) => name === 'INBOX')?.open();
  assert.ok(open);
  const read = open.messages.map((message, i) => {
    const loaded = message.load();
    assert.ok(loaded !== undefined, 'a message was passed over');
    assert.equal(loaded.internalDate, 1_600_000_000 + i);
    const text = Buffer.concat([...loaded.chunks()]).toString('latin1');
    return { text, flags: loaded.flags, keywords: loaded.keywords };
  });
  open.close();
  rmSync(path, { recursive: true });
  return read;
}

async function* streamed(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
}

const STAMP = 'From alice@example.com Tue Nov  3 20:47:47 2020';
const ODD: readonly string[] = [
  '',
  '\n',
  '\r',
  '\r\n',
  '\r\n\r\n',
  ' begins with a space\r\n\r\nx\r\n',
  '\tbegins with a tab',
  ' \r\n \r\n',
  ' Status: RO\r\n X-Keywords: no such\r\n\r\nx\r\n',
  'no header at all',
  'no header\r\n  and a folded line\r\n',
  'Status: RO\r\nX-Status: AFTD\r\nX-Keywords: a b\r\n\r\nx\r\n',
  'X-Brevduva-Mbox: v1 lines=3 body=raw end=added\r\nStatus: RO\r\n\r\nx',
  'X-Mozilla-Status: 0008\r\nX-IMAP: 1\r\nContent-Length: 2\r\n\r\nxyz\r\n',
  `${STAMP}\r\nSubject: x\r\n\r\nx\r\n`,
  `\r\n${STAMP}\r\nSubject: x\r\n\r\n${STAMP}\r\n`,
  `\n\n${STAMP}\nSubject: x\n\n>${STAMP}\n>>From \nFrom `,
  'From \r\nFrom -\r\n>From \r\n>>>From x\r\n>\r\nFrom',
  '\rFrom a\r\r\nFrom b\r',
  'a\0b\r\n\0\0\r\n',
  '\u001f\u008b\b\0\0\0\0\0',
  '(\u00b5/\u00fd\0',
  'BZh91AY&SY',
  '\u00fd7zXZ\0\0',
  'Dovecot-LZ4\r*\u009b\u00c5\0\u0001\0\0',
  '\u00ef\u00bb\u00bfSubject: x\r\n\r\nx\r\n',
  'x'.repeat(70_000),
];

for (const format of Object.keys(FORMATS)) {
  describe(format, () => {
    for (const isStreamed of [false, true]) {
      test(`odd messages, each between two others${isStreamed ? ', as they come' : ''}`, async () => {
        const messages = ODD.flatMap((text) => [
          { text: 'Subject: before\r\n\r\nx', flags: 1, keywords: ['$label1'] },
          { text, flags: 5, keywords: ['Work'] },
          { text: 'Subject: after\r\n\r\nx\r\n', flags: 0, keywords: [] },
        ]);
        assert.deepEqual(await roundTrip(format, messages, isStreamed), messages);
      });
    }

    const piece = fc.constantFrom(
      ...[
        'From ',
        '>From ',
        STAMP,
        '>',
        ' ',
        '\t',
        '\n',
        '\r\n',
        '\r',
        '\r\n\r\n',
        '\n\n',
        '\0',
        'Status: RO',
      ],
      ...[
        'X-Keywords: a',
        'Content-Length: 4',
        'X-Brevduva-Mbox: v1 lines=2 body=lf end=own',
        'a',
        ': ',
        '\u00ff',
      ],
    );
    const pieces = fc.array(piece, { maxLength: 25 }).map((parts) => parts.join(''));
    const octets = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
    const keywords = fc.uniqueArray(fc.constantFrom('$Forwarded', 'Work', 'a', '$label1'), { maxLength: 3 });
    const message = fc.record({ text: fc.oneof(pieces, octets), flags: fc.nat(31), keywords });
    test('random octets', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(message, { minLength: 1, maxLength: 12 }),
          fc.boolean(),
          async (messages, isStreamed) => {
            const back = await roundTrip(format, messages, isStreamed);
            const sorted = (all: readonly Marked[]) =>
              all.map((one) => ({ ...one, keywords: one.keywords.toSorted() }));
            assert.deepEqual(sorted(back), sorted(messages));
          },
        ),
        { numRuns: runs(100) },
      );
    });
  });
}

test('a hundred long keywords', async () => {
  const keywords = Array.from({ length: 100 }, (_, i) => `k${i}`.padEnd(120, 'x'));
  const messages = [{ text: ' x', flags: 0, keywords }];
  assert.deepEqual(await roundTrip('mbox', messages), messages);
});
