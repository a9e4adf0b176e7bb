/**
 * A data folder with more than one person should have: a mailbox of very many messages, one of very many flags, a tree of
 * very many mailboxes, and a few very large messages.
 */
import { FLAG } from '../../src/mail/flags.ts';
import { appendMessages, type IncomingMessage } from '../../src/mailbox/operations/append.ts';
import { createMailbox } from '../../src/mailbox/operations/folders.ts';
import { receive } from '../../src/mailbox/operations/incoming.ts';
import { mailboxOf } from '../../src/mailbox/operations/mailboxes.ts';
import { openTestDomain } from '../kit/domain.ts';

export const ALICE = 'alice@example.com';
export const BOB = 'bob@example.com';
export const PASSWORD = 'secret';

const A_TIME = 1000;

export async function fillFolder(data: string, messages: number, folders: number): Promise<void> {
  const kit = await openTestDomain({ data });
  const { domain } = kit;
  const { id } = await kit.addAccount(ALICE, PASSWORD);
  await kit.addAccount(BOB, PASSWORD);
  const account = await domain.accounts.open(id);
  const incoming = async (bytes: Buffer, flags = 0): Promise<IncomingMessage> => ({
    ...(await receive(domain.store, [id], bytes.length, bytes)),
    flags,
    keywords: [],
    internalDate: undefined,
  });
  const many = mailboxOf(account, 'INBOX');
  const kinds = await Promise.all(
    Array.from({ length: A_TIME }, (_, n) => incoming(smallMail(n), n % 3 === 0 ? 0 : FLAG.Seen)),
  );
  for (let at = 0; at < messages; at += A_TIME) {
    await appendMessages(domain, account, many, kinds.slice(0, Math.min(A_TIME, messages - at)));
  }
  for (let at = 0; at < folders; at += 500) {
    const names = Array.from({ length: Math.min(500, folders - at) }, (_, n) => `tree/folder ${at + n}`);
    await Promise.all(names.map((name) => createMailbox(domain, account, name)));
  }
  const large = await createMailbox(domain, account, 'Large');
  for (const bytes of [attachment('base64'), attachment('quoted-printable'), endlessLine(), longHeader()]) {
    await appendMessages(domain, account, large, [await incoming(bytes)]);
  }
  await kit.close();
}

function smallMail(n: number): Buffer {
  const text = `Line ${n} of a letter that is as long as letters are on the whole.\r\n`.repeat(12);
  return Buffer.from(
    `From: Writer ${n} <writer${n}@example.org>\r\nTo: ${ALICE}\r\nSubject: Letter ${n}\r\n` +
      `Message-ID: <${n}@example.org>\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\n\r\n${text}`,
  );
}

/** What would be done to all of it in one turn is seen at a part of what may come; as much comes when more is asked for. */
const LARGE = (process.env.BREVDUVA_TEST_STANDSTILL === undefined ? 40 : 100) * 1024 * 1024;

function attachment(encoding: 'base64' | 'quoted-printable'): Buffer {
  const line = encoding === 'base64' ? `${'QUJD'.repeat(19)}\r\n` : `${'=E5=E4=F6 '.repeat(7)}=\r\n`;
  return Buffer.concat([
    Buffer.from(
      `Subject: ${encoding}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee below\r\n--b\r\n` +
        `Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`,
    ),
    Buffer.alloc(LARGE - (LARGE % line.length), line),
    Buffer.from('\r\n--b--\r\n'),
  ]);
}

function endlessLine(): Buffer {
  return Buffer.concat([
    Buffer.from(
      'Subject: one line\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n',
    ),
    Buffer.alloc(LARGE, '=41bc'),
    Buffer.from('\r\n'),
  ]);
}

/** As it may have come before headers were bounded. */
function longHeader(): Buffer {
  const field = `X-Trace: ${'from here to there '.repeat(40)}\r\n`;
  return Buffer.concat([
    Buffer.from('Subject: long header\r\n'),
    Buffer.alloc(field.length * Math.floor((50 * 1024 * 1024) / field.length), field),
    Buffer.from('\r\nbody\r\n'),
  ]);
}
