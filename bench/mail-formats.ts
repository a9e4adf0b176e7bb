/**
 * How fast mail is read: the work done once per message at delivery (`analyze`) and its pieces, without any server.
 * Run by hand:
 *
 *     node bench/mail-formats.ts
 *
 * Prints microseconds for a typical mail of 9 KB (four Received fields, a signature, text and HTML) and MB/s for
 * large ones. Numbers are of this process alone, the best of several rounds, so that a busy machine disturbs them
 * little.
 */
import { bodyFromStructure, bodyStructure } from '../src/mail/body-structure.ts';
import { envelope } from '../src/mail/envelope.ts';
import { HeaderBlock } from '../src/mail/header.ts';
import { analyze, MessageAnalyzer } from '../src/mail/message.ts';
import { scanParts } from '../src/mail/part.ts';
import { decodeParts, encodeParts } from '../src/mail/part-codec.ts';
import { filterHeader } from '../src/mail/section.ts';

const ROUNDS = 8;

function received(hop: number): string {
  return [
    `Received: from mail-${hop}.example.com (mail-${hop}.example.com [192.0.2.${hop}])`,
    `\tby mx.example.org with ESMTPS id 4F${hop}ABCDEF`,
    '\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384)',
    `\tfor <alice@example.org>; Mon, 3 Jun 2024 10:0${hop}:00 +0200 (CEST)`,
  ].join('\r\n');
}

const header = [
  ...[1, 2, 3, 4].map(received),
  'Authentication-Results: mx.example.org; dkim=pass header.d=example.com; spf=pass smtp.mailfrom=bob@example.com',
  `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com;\r\n\tb=${'A'.repeat(70)}\r\n\t ${'B'.repeat(70)}`,
  'Date: Mon, 3 Jun 2024 10:00:00 +0200',
  'From: =?UTF-8?Q?Bj=C3=B6rn_Borg?= <bob@example.com>',
  'To: Alice Example <alice@example.org>, "Carol, C." <carol@example.org>',
  'Cc: dave@example.org',
  'Subject: =?UTF-8?B?UsOkdHNlbCBhdXMgZGVyIFdvY2hl?= and more text here',
  'Message-ID: <abcdef.123456@example.com>',
  'In-Reply-To: <zzz@example.org>',
  'References: <a@example.org> <b@example.org>\r\n <zzz@example.org>',
  'X-Mailer: Example 1.0',
  'MIME-Version: 1.0',
  '',
].join('\r\n');

function multipart(subtype: string, ...parts: readonly string[]): Buffer {
  const body = parts.map((part) => `--=_bound_1\r\n${part}\r\n`).join('');
  return Buffer.from(
    `${header}Content-Type: multipart/${subtype}; boundary="=_bound_1"\r\n\r\n${body}--=_bound_1--\r\n`,
  );
}

const line = 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod.\r\n';
const base64 = `${'A'.repeat(76)}\r\n`.repeat(500_000);

const typical = multipart(
  'alternative',
  `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${line.repeat(30)}`,
  `Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${line.repeat(62)}`,
);
const attachment = multipart(
  'mixed',
  'Content-Type: text/plain\r\n\r\nhello',
  `Content-Type: application/pdf; name=x.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64}`,
);
const longText = multipart('mixed', `Content-Type: text/plain\r\n\r\n${base64}`);

/** Microseconds a call, of the best round. */
function best(calls: number, run: () => void): number {
  let us = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) run();
    us = Math.min(us, Number(process.hrtime.bigint() - start) / 1000 / calls);
  }
  return us;
}

function analyzeInPieces(message: Buffer): void {
  const analyzer = new MessageAnalyzer();
  for (let at = 0; at < message.length; at += 65_536) analyzer.write(message.subarray(at, at + 65_536));
  analyzer.end();
}

const root = scanParts(typical);
const block = new HeaderBlock(typical.subarray(0, root.bodyStart));
const structure = bodyStructure(root);
const offsets = encodeParts(root);

const small: readonly [string, () => void][] = [
  ['analyze', () => analyze(typical)],
  ['  scanParts', () => scanParts(typical)],
  ['  HeaderBlock', () => new HeaderBlock(block.bytes)],
  ['  envelope', () => envelope(block)],
  ['  bodyStructure', () => bodyStructure(root)],
  ['  encodeParts', () => encodeParts(root)],
  ['bodyFromStructure', () => bodyFromStructure(structure)],
  ['decodeParts', () => decodeParts(offsets)],
  ['filterHeader', () => filterHeader(block.bytes, ['from', 'to', 'subject', 'date'], false)],
];
console.log(`typical mail, ${typical.length} bytes, header ${root.bodyStart}`);
for (const [name, run] of small)
  console.log(`${name.padEnd(24)} ${best(4000, run).toFixed(2).padStart(8)} us`);

const large: readonly [string, Buffer, () => void][] = [
  ['attachment', attachment, () => analyze(attachment)],
  ['attachment, 64 KB pieces', attachment, () => analyzeInPieces(attachment)],
  ['text', longText, () => analyze(longText)],
  ['text, 64 KB pieces', longText, () => analyzeInPieces(longText)],
];
for (const [name, message, run] of large) {
  console.log(`${name.padEnd(24)} ${(message.length / best(1, run)).toFixed(0).padStart(8)} MB/s`);
}
