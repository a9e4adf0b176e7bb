/** Packs by themselves: what goes in comes out, and no flipped bit goes unnoticed. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { StoreError } from '../../../mailbox/port/store.ts';
import { randomOf } from '../power-cut/ledger.ts';
import { encodeBase64, findBase64 } from './base64-text.ts';
import { MAX_RECIPES, type Recipe } from './entry.ts';
import { type IndexEntry, packName } from './format.ts';
import { PackFiles } from './pack-files.ts';
import { PackWriter } from './pack-writer.ts';
import { PackedBytes, type PackedPlace } from './packed-bytes.ts';

const random = randomOf(20_261);
const below = (limit: number): number => Math.floor(random() * limit);
const octets = (length: number): Buffer => Buffer.from(Array.from({ length }, () => below(256)));
const prose = (length: number): Buffer => {
  const words =
    'the mail that was sent yesterday came with an attachment of many pages and one picture'.split(' ');
  let text = '';
  while (text.length < length) text += `${words[below(words.length)]}${below(9) === 0 ? '\r\n' : ' '}`;
  return Buffer.from(text.slice(0, length));
};

describe('base64 in messages', () => {
  it('is found in any layout, and encodes to the identical octets', () => {
    for (let i = 0; i < 300; i++) {
      const layout = { lineBytes: 40 + 4 * below(200), isCrlf: below(2) === 0 };
      const bytes = octets(4300 + below(9000));
      const text = encodeBase64(bytes, layout);
      const eol = layout.isCrlf ? '\r\n' : '\n';
      const message = Buffer.concat([
        Buffer.from(`Subject: hello${eol}${eol}`),
        text,
        Buffer.from(below(2) === 0 ? `${eol}--boundary${eol}` : ''),
      ]);
      const [found, ...others] = findBase64(message, 10);
      assert.ok(found && others.length === 0, `${JSON.stringify(layout)}, ${bytes.length} octets`);
      assert.ok(found.bytes.equals(bytes));
      assert.ok(message.subarray(found.start, found.end).equals(encodeBase64(found.bytes, found)));
    }
  });

  it('in lines of any length is what it is without them', () => {
    const lengths = [4, 8, 12, 16, 40, 60, 64, 72, 76, 80, 96, 100, 500, 996, 32_764];
    for (const lineBytes of lengths) {
      for (let i = 0; i < 12; i++) {
        const layout = { lineBytes, isCrlf: i % 2 === 0 };
        const perLine = (lineBytes / 4) * 3;
        // A few lines, and more than are encoded at once.
        const count = i < 6 ? below(4 * perLine) : (i % 3) + perLine * Math.ceil(below(40_000) / perLine);
        const bytes = octets(count);
        const lines = bytes.toString('base64').match(new RegExp(`.{1,${lineBytes}}`, 'g')) ?? [];
        const eol = layout.isCrlf ? '\r\n' : '\n';
        assert.equal(encodeBase64(bytes, layout).toString('latin1'), lines.join(eol));
        const ended = lines.map((line) => `${line}${eol}`).join('');
        assert.equal(encodeBase64(bytes, layout, true).toString('latin1'), ended);
      }
    }
  });

  it('that does not come out the same again is none', () => {
    const text = encodeBase64(octets(9000), { lineBytes: 76, isCrlf: true });
    const spoiled = (at: number, what: string): Buffer => {
      const copy = Buffer.from(text);
      copy.write(what, at, 'latin1');
      return copy;
    };
    for (const copy of [
      spoiled(100, '='),
      spoiled(2000, '-'),
      spoiled(5000, '\n'),
      spoiled(300, ' '),
      spoiled(76, ' '),
    ])
      for (const { start, end, bytes, ...layout } of findBase64(copy, 10))
        assert.ok(encodeBase64(bytes, layout).equals(copy.subarray(start, end)));
    assert.equal(findBase64(prose(20_000), 10).length, 0);
    assert.equal(findBase64(Buffer.alloc(20_000, `${'-'.repeat(76)}\n`), 10).length, 0);
    assert.equal(findBase64(Buffer.alloc(20_000, 'A'), 10).length, 0);
  });

  it('is taken whatever else the lines are, and never wrongly', () => {
    const alphabet = 'ABCDabcd0123+/=\r\n\n-. ';
    for (let i = 0; i < 300; i++) {
      const line = () => Array.from({ length: below(90) }, () => alphabet[below(alphabet.length)]).join('');
      const inside = encodeBase64(octets(4200 + below(4000)), { lineBytes: 60, isCrlf: below(2) === 0 });
      const message = Buffer.concat([
        Buffer.from(`${line()}\n`),
        inside,
        Buffer.from(`\n${line()}`),
        Buffer.from(line()),
      ]);
      for (const { start, end, bytes, ...layout } of findBase64(message, 10))
        assert.ok(encodeBase64(bytes, layout).equals(message.subarray(start, end)));
    }
  });
});

interface Kept {
  readonly message: Buffer;
  readonly place: PackedPlace;
}

describe('a pack', () => {
  let directory = '';
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'brevduva-packs-'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  function messages(): readonly Buffer[] {
    const all = Array.from({ length: 60 }, () => prose(below(5000)));
    all.push(
      Buffer.alloc(0),
      prose(131_072),
      prose(131_070),
      prose(131_071),
      octets(700_000),
      prose(600_000),
    );
    for (const size of [4200, 30_000, 300_000, 900_000]) {
      const parts = [0, 1].map((i) => encodeBase64(octets(size + i), { lineBytes: 76, isCrlf: i === 0 }));
      all.push(
        Buffer.concat([
          prose(300),
          Buffer.from('\r\n\r\n'),
          parts[0] as Buffer,
          Buffer.from('\r\n--b\r\n'),
          prose(400),
          Buffer.from('\n'),
          parts[1] as Buffer,
        ]),
      );
    }
    return all;
  }

  function write(
    pack: number,
    all: readonly Buffer[],
  ): { kept: Kept[]; bytes: PackedBytes; files: PackFiles } {
    const writer = new PackWriter({ packs: directory }, pack, 1_700_000_000_000);
    let part = 1_000_000;
    for (const [i, message] of all.entries()) {
      const found = findBase64(message, MAX_RECIPES);
      const recipes: Recipe[] = [];
      const rest: Buffer[] = [];
      let from = 0;
      let at = 0;
      for (const { start, end, bytes, ...layout } of found) {
        const facts = { blob: part, account: 0, sizeBytes: bytes.length, crc32: crc32(bytes) };
        writer.add(facts, [], bytes);
        rest.push(message.subarray(from, start));
        at += start - from;
        recipes.push({ ...layout, at, part: part++, textBytes: end - start });
        from = end;
      }
      rest.push(message.subarray(from));
      const facts = { blob: i + 1, account: 1 + (i >> 4), sizeBytes: message.length, crc32: crc32(message) };
      writer.add(facts, recipes, Buffer.concat(rest));
    }
    const places = new Map(writer.finish().map((entry) => [entry.blob, placeOf(pack, entry)]));
    const files = new PackFiles(directory);
    const bytes = new PackedBytes(files, (blob) => places.get(blob));
    return {
      kept: all.map((message, i) => ({ message, place: places.get(i + 1) as PackedPlace })),
      bytes,
      files,
    };
  }

  const placeOf = (pack: number, { frame, offset, sizeBytes }: IndexEntry): PackedPlace => ({
    ...{ pack, frame, offset, sizeBytes },
  });

  it('gives back every octet, whole and in ranges', () => {
    const { kept, bytes, files } = write(1, messages());
    for (const { message, place } of kept) {
      assert.ok(
        Buffer.concat([...bytes.read(place, 0, message.length)]).equals(message),
        `${message.length} octets`,
      );
      for (let i = 0; i < 40; i++) {
        const from = below(message.length + 1);
        const to = i % 2 === 0 ? below(message.length + 9) : from + below(300);
        const read = Buffer.concat([...bytes.read(place, from, to)]);
        assert.ok(
          read.equals(message.subarray(from, Math.max(from, to))),
          `${message.length}: ${from} to ${to}`,
        );
      }
    }
    files.close();
  });

  it('says what it holds', () => {
    const { kept, files } = write(2, messages());
    const { createdMs, entries } = files.facts(2);
    const index = files.index(2);
    assert.equal(createdMs, 1_700_000_000_000);
    assert.equal(index.length, entries);
    const mail = index.filter(({ account }) => account > 0);
    assert.equal(mail.length, kept.length);
    for (const { blob, sizeBytes, crc32: sum, parts } of mail) {
      const { message } = kept[blob - 1] as Kept;
      assert.deepEqual([sizeBytes, sum], [message.length, crc32(message)]);
      for (const part of parts) assert.ok(index.some((one) => one.blob === part && one.account === 0));
    }
    files.close();
  });

  it('is never another by mistake, and never half', () => {
    const { files } = write(3, [prose(9000)]);
    files.close();
    const whole = readFileSync(join(directory, packName(3)));
    writeFileSync(join(directory, packName(4)), whole);
    writeFileSync(join(directory, packName(5)), whole.subarray(0, whole.length - 1));
    const others = new PackFiles(directory);
    for (const pack of [4, 5, 6]) assert.throws(() => others.facts(pack), isDamage);
    others.close();
  });

  it('hits the messages of one frame, and says so, when a bit flips', () => {
    const all = Array.from({ length: 120 }, () => prose(4000));
    const { kept, files } = write(7, all);
    const whole = readFileSync(join(directory, packName(7)));
    const places = new Map(files.index(7).map((entry) => [entry.blob, placeOf(7, entry)]));
    files.close();
    for (let i = 0; i < 150; i++) {
      const broken = Buffer.from(whole);
      const at = below(broken.length);
      broken[at] = (broken[at] as number) ^ (1 << below(8));
      writeFileSync(join(directory, packName(7)), broken);
      const again = new PackFiles(directory);
      const bytes = new PackedBytes(again, (blob) => places.get(blob));
      let hit = 0;
      for (const { message, place } of kept) {
        try {
          assert.ok(
            Buffer.concat([...bytes.read(place, 0, message.length)]).equals(message),
            `bit in octet ${at}`,
          );
        } catch (error) {
          assert.ok(isDamage(error), `${error}`);
          hit++;
        }
      }
      const isListed = isRead(() => again.index(7));
      assert.ok(hit > 0 || !isListed, `octet ${at} is under no checksum`);
      assert.ok(hit <= 33, `${hit} messages are hit by one bit`);
      again.close();
    }
  });
});

const isDamage = (error: unknown): boolean => error instanceof StoreError && error.code === 'damaged';

function isRead(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch (error) {
    assert.ok(isDamage(error), `${error}`);
    return false;
  }
}
