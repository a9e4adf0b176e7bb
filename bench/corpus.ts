/**
 * Made-up mail of a realistic shape, the same in every run and for every server. Two kinds:
 *
 * - `message`: what mailboxes hold. Texts, HTML alternatives, lists, and every fifth with an attachment of 100 KB to 2 MB, which two
 *   of three share with another message; ten thousand have a median of 10 KB and a mean of 74 KB.
 * - `smallMessage`: notices of 1.2 KB.
 *
 * Bodies are cut from pools that are made once: the load must cost little beside the server.
 */
const WORDS =
  'the letter came by pigeon over hills and water to a house where someone was waiting for news from town about wheat bread boats carts markets prices children weather harvest journeys neighbours letters answers'.split(
    ' ',
  );
const NAMES = ['Ada', 'Björn', 'Chloé', 'Dagmar', 'Emil', 'Fatima', 'Gaëlle', 'Henrik', 'Ines', 'Jörg'];

/** A small reproducible generator (xorshift32): the corpus must not differ between servers. */
export function random(seed: number): () => number {
  // Spread: neighbouring seeds must not give neighbouring numbers.
  let state = Math.imul(seed, 0x9e37_79b1) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}

const TEXT_LINE = 72;
const BASE64_LINE = 78;

/** Lines of one width, of which a body is a stretch. */
const TEXTS = pool(16_384, TEXT_LINE, textLine);
const BASE64 = pool(65_536, BASE64_LINE, base64Line);

function pool(lines: number, width: number, line: (next: () => number) => string): Buffer {
  const next = random(lines);
  const out = Buffer.alloc(lines * width);
  for (let i = 0; i < lines; i++) out.write(line(next), i * width, 'latin1');
  return out;
}

function textLine(next: () => number): string {
  let line = '';
  while (line.length < TEXT_LINE - 2) line += `${WORDS[Math.floor(next() * WORDS.length)]} `;
  return `${line.slice(0, TEXT_LINE - 2)}\r\n`;
}

function base64Line(next: () => number): string {
  const bytes = Buffer.alloc(57);
  for (let i = 0; i < bytes.length; i++) bytes[i] = next() * 256;
  return `${bytes.toString('base64')}\r\n`;
}

/** About so many octets of whole lines, from a place that `seed` chooses. */
function cut(from: Buffer, width: number, sizeBytes: number, seed: number): Buffer {
  const lines = Math.max(1, Math.round(sizeBytes / width));
  const first = Math.floor(seed * (from.length / width - lines));
  return from.subarray(first * width, (first + lines) * width);
}

const text = (sizeBytes: number, seed: number): Buffer => cut(TEXTS, TEXT_LINE, sizeBytes, seed);

export function smallMessage(n: number): Buffer {
  const next = random(n + 1);
  const rare = n % 1000 === 7 ? 'A quetzal was seen.\r\n' : '';
  const head = `${shortHeader(n)}Content-Type: text/plain; charset=utf-8\r\n\r\n${rare}`;
  return Buffer.concat([Buffer.from(head), text(720, next())]);
}

/** Kind by number: every fifth has an attachment; of the others 60% are plain text, 40% have an HTML alternative. */
export function message(n: number): Buffer {
  const next = random(n + 1);
  if (n % 5 === 4) return withAttachment(n, next);
  return next() < 0.6 ? plain(n, next) : alternative(n, next);
}

/** The same without those that have an attachment. */
export const textMessage = (n: number): Buffer => message(n + Math.floor(n / 4));

function shortHeader(n: number): string {
  const day = 1 + (n % 28);
  return [
    'Return-Path: <sender@example.org>',
    `Received: from mx.example.org (mx.example.org [192.0.2.${n % 250}]) by mail.example.com with ESMTPS id ${n}; Tue, ${day} Sep 2026 10:00:00 +0000`,
    `Message-ID: <${n}.${n * 7919}@example.org>`,
    `Date: Tue, ${day} Sep 2026 10:${10 + (n % 50)}:00 +0200`,
    `From: "Sender Number ${n % 97}" <sender${n % 97}@example.org>`,
    'To: "A Reader" <reader@example.com>, other@example.com',
    `Subject: =?utf-8?Q?Letter_${n}_from_the_h=C3=B6user?= about ${WORDS[n % WORDS.length]}${n % 1000 === 7 ? ' quetzals' : ''}`,
    'MIME-Version: 1.0',
    '',
  ].join('\r\n');
}

/** As mail has it that passed three servers, a filter and a signer: some 2 KB. */
function longHeader(n: number, next: () => number): string {
  const id = `${n}.${n * 7919}@example.org`;
  const day = 1 + (n % 28);
  const at = `Tue, ${day} Sep 2026 10:${10 + (n % 50)}`;
  const name = NAMES[n % NAMES.length] as string;
  const isAnswer = next() < 0.5;
  const hop = (k: number): string =>
    `Received: from out-${k}.example.org (out-${k}.example.org [192.0.2.${k + (n % 200)}])\r\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\r\n\tby mx-${k}.example.com (Postfix) with ESMTPS id 4F${n}K${k}\r\n\tfor <reader@example.com>; ${at}:0${k} +0000 (UTC)`;
  const signature = cut(BASE64, BASE64_LINE, 340, next())
    .toString('latin1')
    .trimEnd()
    .replaceAll('\n', '\n\t ');
  return [
    'Return-Path: <sender@example.org>',
    ...[3, 2, 1].map(hop),
    `Authentication-Results: mx.example.com; dkim=pass (2048-bit key) header.d=example.org;\r\n\tspf=pass smtp.mailfrom=sender@example.org; dmarc=pass header.from=example.org`,
    `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s1;\r\n\th=from:to:subject:date:message-id; bh=${'A'.repeat(43)}=;\r\n\tb=${signature}`,
    `Message-ID: <${id}>`,
    `Date: ${at}:00 +0200`,
    `From: =?utf-8?Q?${encodeURIComponent(name).replaceAll('%', '=')}_Sender?= <sender${n % 397}@example.org>`,
    'To: "A Reader" <reader@example.com>, "Others, All" <other@example.com>',
    `Subject: ${isAnswer ? 'Re: ' : ''}Letter ${n % 3000} about ${WORDS[n % WORDS.length]}${n % 1000 === 7 ? ' and quetzals' : ''}`,
    ...(isAnswer
      ? [
          `In-Reply-To: <${n - 1}@example.org>`,
          `References: <${n - 2}@example.org>\r\n <${n - 1}@example.org>`,
        ]
      : []),
    ...(n % 3 === 0 ? ['List-Id: Pigeon keepers <keepers.example.org>', 'Precedence: list'] : []),
    'X-Spam-Status: No, score=-1.9 required=5.0 tests=BAYES_00,DKIM_SIGNED,DKIM_VALID,\r\n\tSPF_PASS autolearn=ham version=4.0',
    'MIME-Version: 1.0',
    '',
  ].join('\r\n');
}

function plain(n: number, next: () => number): Buffer {
  const rare = n % 1000 === 7 ? 'A quetzal was seen.\r\n' : '';
  const head = `${longHeader(n, next)}Content-Type: text/plain; charset=utf-8\r\n\r\n${rare}`;
  return Buffer.concat([Buffer.from(head), text(600 + next() * 8000, next())]);
}

function alternative(n: number, next: () => number): Buffer {
  const boundary = `=_b${n}`;
  return Buffer.concat([
    Buffer.from(
      `${longHeader(n, next)}Content-Type: multipart/alternative; boundary="${boundary}"\r\n\r\n--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n`,
    ),
    text(1000 + next() * 3000, next()),
    Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<html><body><p>Gr=C3=BC=C3=9Fe</p>\r\n`,
    ),
    text(5000 + next() * 25_000, next()),
    Buffer.from(`</body></html>\r\n--${boundary}--\r\n`),
  ]);
}

const SMALLEST = 100_000;
const LARGEST = 2_000_000;
/** So many different ones in ten thousand messages, two thousand of which have one. */
const ATTACHMENTS = 700;

function withAttachment(n: number, next: () => number): Buffer {
  const boundary = `=_m${n}`;
  // The small ones are the many: a density that falls with the square of the size.
  const attachment = random(7 + Math.floor(next() * ATTACHMENTS));
  const sizeBytes = 1 / (1 / SMALLEST - attachment() * (1 / SMALLEST - 1 / LARGEST));
  return Buffer.concat([
    Buffer.from(
      `${longHeader(n, next)}Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n`,
    ),
    text(500 + next() * 3000, next()),
    Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: application/pdf; name="report.pdf"\r\nContent-Disposition: attachment; filename="report.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n`,
    ),
    cut(BASE64, BASE64_LINE, sizeBytes, attachment()),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
}
