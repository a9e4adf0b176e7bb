/** The messages in which reports are sent: DMARC's (RFC 7489 §7.2.1.1), and those of TLS (RFC 8460 §5.3). Pure. */
import { formatRfc5322 } from '../mail/date.ts';

export interface Letter {
  readonly from: string;
  readonly to: string;
  /** Ours, which made the report. */
  readonly submitter: string;
  /** What it is about. */
  readonly domain: string;
  readonly reportId: string;
  readonly beginMs: number;
  readonly endMs: number;
  readonly nowMs: number;
  /** With gzip. */
  readonly packed: Buffer;
}

/** The name of the file says what it is (RFC 7489 §7.2.1.1, RFC 8460 §5.1). */
function fileName({ submitter, domain, beginMs, endMs }: Letter, ending: string): string {
  const seconds = [beginMs, endMs - 1000].map((ms) => Math.floor(ms / 1000));
  return `${submitter}!${domain}!${seconds.join('!')}.${ending}`;
}

export function dmarcLetter(letter: Letter): Buffer {
  const { domain, submitter } = letter;
  return written(letter, {
    fields: [],
    type: 'multipart/mixed',
    words: `This is a DMARC aggregate report of ${submitter} about mail in the name of ${domain}.`,
    subject: `Report Domain: ${domain} Submitter: ${submitter} Report-ID: <${letter.reportId}>`,
    attached: 'application/gzip',
    file: fileName(letter, 'xml.gz'),
  });
}

export function tlsLetter(letter: Letter): Buffer {
  const { domain, submitter } = letter;
  return written(letter, {
    fields: [`TLS-Report-Domain: ${domain}`, `TLS-Report-Submitter: ${submitter}`],
    type: 'multipart/report; report-type="tlsrpt"',
    words: `This is a report of ${submitter} about TLS with the mail servers of ${domain}.`,
    subject: `Report Domain: ${domain} Submitter: ${submitter} Report-ID: <${letter.reportId}>`,
    attached: 'application/tlsrpt+gzip',
    file: fileName(letter, 'json.gz'),
  });
}

interface Form {
  readonly fields: readonly string[];
  readonly type: string;
  readonly words: string;
  readonly subject: string;
  readonly attached: string;
  readonly file: string;
}

function written(letter: Letter, { fields, type, words, subject, attached, file }: Form): Buffer {
  const { from, to, reportId, nowMs, packed, submitter } = letter;
  const boundary = `=_${reportId.replace(/[^A-Za-z0-9]/g, '-').slice(0, 60)}`;
  const lines = [
    `From: <${from}>`,
    `To: <${to}>`,
    `Subject: ${folded(subject)}`,
    `Date: ${formatRfc5322(Math.floor(nowMs / 1000))}`,
    `Message-ID: <${reportId.replace(/@.*/, '')}.${nowMs}@${submitter}>`,
    ...fields,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    `Content-Type: ${type};\r\n\tboundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    ...folded(words).split('\r\n\t'),
    '',
    `--${boundary}`,
    `Content-Type: ${attached}`,
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: attachment;\r\n\tfilename="${file}"`,
    '',
    packed.toString('base64').replace(/.{76}(?=.)/g, '$&\r\n'),
    `--${boundary}--`,
    '',
  ];
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

/** At blanks, where a line has become long. */
function folded(text: string): string {
  return text.replace(/(.{60,}?) /g, '$1\r\n\t');
}
