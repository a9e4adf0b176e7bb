/** Mail of people who do not exist, of every kind that a server may hold: made up anew from the same number, the same octets. */
import { FLAG } from '../../src/mail/flags.ts';
import type { OldAccount, OldMessage } from './old-server.ts';

const FOLDERS = [
  'INBOX',
  'Verschickt',
  'Papierkorb',
  'Archives',
  'Entwürfe & Pläne/日本語',
  'Kunden/A~B/2024',
] as const;
const WORDS = ['$Forwarded', '$label1', 'Wichtig', 'todo'];

export function madeUpAccount(n: number): OldAccount {
  const random = randomOf(n + 1);
  return new Map(
    FOLDERS.map((folder, f) => {
      const count = 2 + (random() % 12);
      return [folder, Array.from({ length: count }, (_, i) => messageOf(n, f * 100 + i, random))] as const;
    }),
  );
}

function messageOf(person: number, i: number, random: () => number): OldMessage {
  const bits = random() % 32;
  return {
    bytes: octetsOf(person, i, random),
    // Deleted mail is still there as long as it is there.
    flags: bits & (FLAG.Seen | FLAG.Answered | FLAG.Flagged | FLAG.Draft | (i % 9 === 0 ? FLAG.Deleted : 0)),
    keywords: WORDS.filter((_, w) => (random() & (1 << w)) !== 0),
    date: 1_300_000_000 + (random() % 400_000_000),
  };
}

function octetsOf(person: number, i: number, random: () => number): Buffer {
  const head = `From: person${person}@example.org\r\nTo: friend@example.com\r\nDate: Tue, 3 Nov 2020 20:47:47 +0100\r\n`;
  const id = `Message-ID: <${person}.${i}@example.org>\r\n`;
  switch (i % 8) {
    case 0:
      // Of another message too, as programs make them that send twice.
      return Buffer.from(
        `${head}Message-ID: <same@example.org>\r\nSubject: twice\r\n\r\nThe same each time.\r\n`,
      );
    case 1:
      return Buffer.from(`${head}Subject: without an id\r\n\r\n${'text '.repeat(random() % 400)}\r\n`);
    case 2:
      return Buffer.from(`${head}${id}Subject: \xc4\xd6\xdc \xff\r\n\r\n8 bit \xe9\xe8\xff\r\n`, 'latin1');
    case 3:
      return Buffer.from(
        `${head}${id}Subject: grüße 日本\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nför dig 🐦\r\n`,
      );
    case 4:
      return Buffer.from(`${head}${id}Subject: only a header\r\n\r\n`);
    case 5:
      return Buffer.from(`${head}${id}Subject: a long line\r\n\r\n${'x'.repeat(5000)}\r\n`);
    case 6: {
      const file = Buffer.from(Array.from({ length: 3000 }, () => random() & 0xff)).toString('base64');
      return Buffer.from(
        `${head}${id}Subject: a file\r\nContent-Transfer-Encoding: base64\r\n\r\n${file.replace(/.{76}/g, '$&\r\n')}\r\n`,
      );
    }
    default: {
      const isLarge = person % 10 === 0 && i < 10;
      return Buffer.from(
        `${head}${id}Subject: large\r\n\r\n${'A line of a large message.\r\n'.repeat(isLarge ? 200_000 : 40)}`,
      );
    }
  }
}

/** The same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}
