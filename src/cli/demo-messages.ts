/**
 * The mail that waits in a demo account: how to connect, how to bring mail along, what is where, and a picture, so that a
 * mail program has something of each kind to show. Composed as any mail is: CRLF, ASCII, lines below 78 octets.
 */
import { formatRfc5322 } from '../mail/date.ts';
import { pigeonPng } from './pigeon.ts';

/** What a mail program asks for. */
export interface ClientSetting {
  readonly protocol: string;
  readonly host: string;
  readonly port: string;
  readonly security: string;
}

export interface DemoContext {
  readonly address: string;
  readonly hostname: string;
  /** How this program is called here. */
  readonly command: string;
  readonly settings: readonly ClientSetting[];
  readonly seconds: number;
}

export interface DemoMessage {
  readonly mailbox: string;
  compose(context: DemoContext): Buffer;
}

const BOUNDARY = 'brevduva-part-boundary-1';

export const DEMO_MESSAGES: readonly DemoMessage[] = Object.freeze([
  {
    mailbox: 'INBOX',
    compose: (context: DemoContext) =>
      message(
        context,
        'What is where',
        'where',
        ['Content-Type: text/plain; charset=us-ascii; format=flowed'],
        flowed(whereText(context)),
      ),
  },
  {
    mailbox: 'INBOX',
    compose: (context: DemoContext) =>
      message(
        context,
        'How to bring your mail along',
        'import',
        ['Content-Type: text/plain; charset=us-ascii; format=flowed'],
        flowed(importText(context)),
      ),
  },
  {
    mailbox: 'INBOX',
    compose: (context: DemoContext) =>
      message(context, 'How to connect another device', 'connect', [alternative()], connectText(context)),
  },
  {
    mailbox: 'INBOX',
    compose: (context: DemoContext) =>
      message(context, 'Welcome to Brevduva', 'welcome', [mixed()], welcomeText()),
  },
]);

function message(
  context: DemoContext,
  subject: string,
  id: string,
  type: readonly string[],
  body: string,
): Buffer {
  const head = [
    `Date: ${formatRfc5322(context.seconds)}`,
    `From: Brevduva <postmaster@${context.address.slice(context.address.lastIndexOf('@') + 1)}>`,
    `To: <${context.address}>`,
    `Subject: ${subject}`,
    `Message-ID: <${id}.${context.seconds}@${context.hostname}>`,
    'MIME-Version: 1.0',
    ...type,
  ];
  return Buffer.from(`${head.join('\n')}\n\n${body}`.replaceAll('\n', '\r\n'), 'latin1');
}

const alternative = (): string => `Content-Type: multipart/alternative; boundary="${BOUNDARY}"`;
const mixed = (): string => `Content-Type: multipart/mixed; boundary="${BOUNDARY}"`;

function parts(...all: readonly string[]): string {
  return `${all.map((part) => `--${BOUNDARY}\n${part}`).join('\n')}\n--${BOUNDARY}--\n`;
}

function welcomeText(): string {
  const text = `Content-Type: text/plain; charset=us-ascii; format=flowed

${flowed(`Hello,

this mail lies on the server. The webmail and every mail program show a copy
of it: read it here, and it is read there; flag, move or delete it, and that
happens everywhere at once.

Try it: open the webmail twice, or connect a mail program to this account, put
them side by side, and flag this message. Or write a mail to yourself.

A brevduva is a carrier pigeon. There is a picture of one attached.
`)}`;
  const picture = `Content-Type: image/png; name="pigeon.png"
Content-Disposition: attachment; filename="pigeon.png"
Content-Transfer-Encoding: base64

${lines76(pigeonPng().toString('base64'))}
`;
  return parts(text, picture);
}

function connectText({ address, settings }: DemoContext): string {
  const lines = settings.map(
    ({ protocol, host, port, security }) => `  ${protocol.padEnd(12)}${host}, port ${port}, ${security}`,
  );
  const rows = settings.map(
    ({ protocol, host, port, security }) =>
      `<tr><td>${protocol}</td><td>${host}, port ${port}, ${security}</td></tr>`,
  );
  const text = `Content-Type: text/plain; charset=us-ascii; format=flowed

${flowed(`The settings for this machine were printed when the server started; the
line that begins with "ready" names every address at each start.

  user name   ${address}
${lines.join('\n')}

The server listens on this machine alone until you say otherwise, for
example with this in brevduva.toml:

  hostname = "mail.example.com"

  [listen]
  imaps = "*:1993"

The certificate was made at the first start. Programs ask once whether to
trust it; with a real one (tls.certificate and tls.key) they do not ask.
`)}`;
  const html = `Content-Type: text/html; charset=us-ascii

<p>The settings for this machine were printed when the server started; the
line that begins with <code>ready</code> names every address at each start.</p>
<table>
<tr><td>User name</td><td><b>${address}</b></td></tr>
${rows.join('\n')}
</table>
<p>The server listens on this machine alone until you say otherwise, for
example with this in <code>brevduva.toml</code>:</p>
<pre>hostname = "mail.example.com"

[listen]
imaps = "*:1993"</pre>
<p>The certificate was made at the first start. Programs ask once whether to
trust it; with a real one (<code>tls.certificate</code> and
<code>tls.key</code>) they do not ask.</p>
`;
  return parts(text, html);
}

function importText({ address, command }: DemoContext): string {
  return `Mail you already have comes along with its dates, flags and folders:

  ${command} import maildir ~/Maildir --account ${address}
  ${command} import mbox ~/.thunderbird/PROFILE/Mail --account ${address}
  ${command} import mbox archive.mbox --account ${address} --mailbox Old

It works while the server runs: programs that are connected see the mail
come in. When it is interrupted, run the same line again; it goes on where
it was and nothing comes twice. At the end it accounts for every message.

The way out is as short:

  ${command} export maildir ~/mail-copy --account ${address}

Many accounts at once come from a file of lines "address,password,quota":

  ${command} account import people.csv
`;
}

function whereText({ command }: DemoContext): string {
  return `In this account: INBOX for what arrives, and Archive, Drafts, Junk, Sent
and Trash, which mail programs find by themselves because the server tells
them which is which. Mailboxes of your own can be nested.

On the disk: everything is in one folder, "data" unless --data or the
configuration says otherwise. To keep a copy, stop the server and copy the
folder, or export accounts while it runs.

Useful lines:

  ${command} account list
      who has how much mail
  ${command} account quota NAME 10GiB
      how much one may have
  ${command} check
      reads everything and reports damage
  ${command} config print
      every option and its value
  ${command} --help
      the rest
`;
}

/** Paragraphs whose lines a narrow screen breaks anew; lines that are set in stay as they are (RFC 3676 §4.1, §4.4). */
function flowed(text: string): string {
  const lines = text.split('\n');
  return lines
    .map((line, at) => {
      if (line.startsWith(' ')) return ` ${line}`;
      const next = lines[at + 1] ?? '';
      return line === '' || next === '' || next.startsWith(' ') ? line : `${line} `;
    })
    .join('\n');
}

function lines76(text: string): string {
  return (text.match(/.{1,76}/g) ?? []).join('\n');
}
