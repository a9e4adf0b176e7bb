/** What the server writes to the owner of rules that fail: once a day, with the line, and that nothing was lost. */
import { formatRfc5322 } from '../mail/date.ts';
import { encodedField } from '../sieve/message/header-edit.ts';
import type { Failure } from '../sieve/run/interpreter.ts';

export interface NoticeOptions {
  readonly hostname: string;
  readonly to: string;
  readonly nowMs: number;
  /** Tells two of them apart. */
  readonly id: string;
  readonly failures: readonly Failure[];
}

const MAX_SHOWN = 20;
const MAX_REASON = 500;

export function failureNotice({ hostname, to, nowMs, id, failures }: NoticeOptions): Buffer {
  const seconds = Math.floor(nowMs / 1000);
  const header = [
    encodedField('From', `Brevduva <postmaster@${hostname}>`),
    encodedField('To', to),
    encodedField('Subject', 'Your mail rules have failed'),
    encodedField('Date', formatRfc5322(seconds)),
    encodedField('Message-ID', `<rules.${id}@${hostname}>`),
    encodedField('Auto-Submitted', 'auto-generated'),
    encodedField('MIME-Version', '1.0'),
    encodedField('Content-Type', 'text/plain; charset=utf-8'),
    encodedField('Content-Transfer-Encoding', '8bit'),
    Buffer.from('\r\n'),
  ];
  const lines = [
    'The rules that sort your mail have failed. No mail is lost: a message for which they',
    'fail is kept in your inbox as it came.',
    '',
    ...failures.slice(0, MAX_SHOWN).map(lineOf),
    '',
    'Until they are mended this may happen again; you are told once a day. Your mail program,',
    'or the program with which you have written the rules, can change them.',
    '',
  ];
  return Buffer.concat([...header, Buffer.from(lines.join('\r\n'))]);
}

function lineOf({ reason, origin: { script, place } }: Failure): string {
  const name = script === '' ? 'the script' : `the script "${script}"`;
  const words = reason.replace(/[\p{Cc}\s]+/gu, ' ').slice(0, MAX_REASON);
  return `  ${name}, line ${place.line}: ${words}`;
}
