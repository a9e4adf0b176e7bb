/**
 * Messages in the shapes that real mailboxes hold, well formed and not, each with a Message-ID of its own. The same number
 * always gives the same octets.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Shape = (number: number) => string;

/** Octets as latin1. `\n` in these sources stands for CRLF; what must be a bare LF is written `\x01` and replaced. */
const SHAPES: readonly Shape[] = [
  (n) => `${header(n, 'plain')}\nHello Alice,\nthis is number ${n}.\n`,
  (n) => `${header(n, utf8('Grüße aus Malmö'))}\n${utf8('Åse läser brev på ön.')}\n`,
  (n) => `${header(n, 'Gr\xfc\xdfe in Latin-1, not declared')}\nna\xefve caf\xe9\n`,
  (n) => `${header(n, '=?utf-8?B?R3LDvMOfZQ==?= =?iso-8859-1?Q?caf=E9?=')}\nencoded words\n`,
  (n) =>
    `${header(n, 'folded')}X-Long:${' word'.repeat(40).replace(/(.{60}) /g, '$1\n ')}\n\nfolded header\n`,
  (n) => `${header(n, 'empty body')}\n`,
  (n) => `${header(n, 'no newline at the end')}\nlast line without end`,
  (n) => `${header(n, 'bare line feeds')}\nfirst\x01second\x01\x01third\n`,
  (n) => `${header(n, 'bare carriage returns')}\nfirst\rsecond\rthird\n`,
  (n) => `${header(n, 'From lines')}\nFrom here on\n>From there\n.\n..\n`,
  (n) => `${header(n, 'long line')}\n${`${n % 10}`.repeat(3000)}\n`,
  (n) => `${header(n, 'attachment')}${multipart(n, true)}`,
  (n) => `${header(n, 'multipart without an end')}${multipart(n, false)}`,
  (n) =>
    `${header(n, 'multipart without boundary')}MIME-Version: 1.0\nContent-Type: multipart/mixed\n\n--x\n\nlost\n`,
  (n) =>
    `${header(n, 'bad base64')}MIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\n***=not=base64=***\n`,
  (n) => `${header(n, 'unknown type')}Content-Type: ;;;=\nContent-Transfer-Encoding: 9bit\n\nwhatever\n`,
  (n) => `${header(n, 'no addresses')}To: undisclosed-recipients:;\nCc: "broken <alice@\n\nto whom\n`,
  (n) => `${header(n, 'with a message inside')}${nested(n)}`,
];

/** `count` messages that take turns in shape. */
export function letters(count: number, first = 1): Buffer[] {
  return Array.from({ length: count }, (_, index) => letter(first + index));
}

export function letter(number: number): Buffer {
  const shape = SHAPES[number % SHAPES.length] as Shape;
  return Buffer.from(shape(number).replaceAll('\n', '\r\n').replaceAll('\x01', '\n'), 'latin1');
}

/** A message whose only purpose is to be there. */
export function note(subject: string, body = 'Hello'): Buffer {
  return Buffer.from(
    `From: Bob <bob@example.org>\r\nTo: alice@example.com\r\nSubject: ${subject}\r\n` +
      `Message-ID: <${subject.replace(/\W+/g, '-')}@example.org>\r\n\r\n${body}\r\n`,
  );
}

/** The odd messages of `test/corpus`, by name. */
export function corpus(): Map<string, Buffer> {
  const folder = join(import.meta.dirname, '..', 'corpus');
  const files = readdirSync(folder).filter((name) => name.endsWith('.eml'));
  return new Map(files.sort().map((name) => [name.slice(0, -4), readFileSync(join(folder, name))]));
}

/** A message of about this many octets that differ everywhere. */
export function largeLetter(sizeBytes: number): Buffer {
  const lines: string[] = [];
  let state = 12_345;
  for (let size = 0; size < sizeBytes; size += 78) {
    let line = '';
    while (line.length < 76) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      line += state.toString(36);
    }
    lines.push(line.slice(0, 76));
  }
  return note('large', lines.join('\r\n'));
}

function header(number: number, subject: string): string {
  const hour = String(number % 24).padStart(2, '0');
  return (
    `Return-Path: <bob@example.org>\nDate: Mon, 1 Jan 2024 ${hour}:00:00 +0100\nFrom: Bob <bob@example.org>\n` +
    `To: Alice <alice@example.com>\nSubject: ${subject} ${number}\nMessage-ID: <${number}@example.org>\n`
  );
}

function multipart(number: number, isClosed: boolean): string {
  const base64 = Buffer.from(`attachment ${number} `.repeat(60)).toString('base64');
  return (
    `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="=_${number}"\n\npreamble\n--=_${number}\n` +
    `Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nSm=C3=B6rg=C3=A5s=\nbord\n` +
    `--=_${number}\nContent-Type: application/octet-stream; name="a.bin"\nContent-Transfer-Encoding: base64\n` +
    `Content-Disposition: attachment; filename*=utf-8''%C3%A5.bin\n\n${base64.replace(/(.{76})/g, '$1\n')}\n` +
    (isClosed ? `--=_${number}--\nepilogue\n` : '')
  );
}

function nested(number: number): string {
  return (
    `MIME-Version: 1.0\nContent-Type: message/rfc822\n\nFrom: Eve <eve@example.org>\nSubject: inner ${number}\n\n` +
    `inner body\n`
  );
}

function utf8(text: string): string {
  return Buffer.from(text).toString('latin1');
}
