/**
 * Made-up mail of a realistic shape, the same in every run: short texts, HTML alternatives, attachments. Sizes follow
 * what mailboxes hold: a median of about 10 KB, a few large ones.
 */
const WORDS =
  'the letter came by pigeon over hills and water to a house where someone was waiting for news from town'.split(
    ' ',
  );

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

export function smallMessage(n: number): Buffer {
  const next = random(n + 1);
  return Buffer.from(`${header(n)}Content-Type: text/plain; charset=utf-8\r\n\r\n${text(next, 700)}`);
}

/** Kind by number: 60% plain text, 25% with an HTML alternative, 15% with an attachment. */
export function message(n: number): Buffer {
  const next = random(n + 1);
  const kind = next();
  if (kind < 0.6) {
    return Buffer.from(
      `${header(n)}Content-Type: text/plain; charset=utf-8\r\n\r\n${text(next, 3000 + next() * 9000)}`,
    );
  }
  if (kind < 0.85) return Buffer.from(alternative(n, next));
  return Buffer.from(withAttachment(n, next));
}

function header(n: number): string {
  const day = 1 + (n % 28);
  return [
    'Return-Path: <sender@example.org>',
    `Received: from mx.example.org (mx.example.org [192.0.2.${n % 250}]) by mail.example.com with ESMTPS id ${n}; Tue, ${day} Sep 2026 10:00:00 +0000`,
    `Message-ID: <${n}.${n * 7919}@example.org>`,
    `Date: Tue, ${day} Sep 2026 10:${10 + (n % 50)}:00 +0200`,
    `From: "Sender Number ${n % 97}" <sender${n % 97}@example.org>`,
    'To: "A Reader" <reader@example.com>, other@example.com',
    `Subject: =?utf-8?Q?Letter_${n}_from_the_h=C3=B6user?= about ${WORDS[n % WORDS.length]}`,
    'MIME-Version: 1.0',
    '',
  ].join('\r\n');
}

function text(next: () => number, bytes: number): string {
  let out = '';
  let line = '';
  while (out.length < bytes) {
    line += `${WORDS[Math.floor(next() * WORDS.length)]} `;
    if (line.length > 70) {
      out += `${line}\r\n`;
      line = '';
    }
  }
  return out;
}

function alternative(n: number, next: () => number): string {
  const plain = text(next, 2000);
  return `${header(n)}Content-Type: multipart/alternative; boundary="b${n}"\r\n\r\n--b${n}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${plain}\r\n--b${n}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<html><body><p>${text(next, 9000)}</p></body></html>\r\n--b${n}--\r\n`;
}

function withAttachment(n: number, next: () => number): string {
  const bytes = Buffer.alloc(Math.floor(20_000 + next() * 250_000));
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(next() * 256);
  const lines = bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
  return `${header(n)}Content-Type: multipart/mixed; boundary="m${n}"\r\n\r\n--m${n}\r\nContent-Type: text/plain\r\n\r\n${text(next, 800)}\r\n--m${n}\r\nContent-Type: application/pdf; name="report-${n}.pdf"\r\nContent-Disposition: attachment; filename="report-${n}.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines}\r\n--m${n}--\r\n`;
}
