/**
 * Thunderbird against a server as people run it, from the assistant for new accounts to a server that was started anew; imapflow and our own
 * client see what it did, and do things that it has to see. It is large, and its windows are slow: only with BREVDUVA_TEST_THUNDERBIRD=1,
 * where the program is there (Debian: `apt-get install thunderbird`).
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ImapFlow } from 'imapflow';
import { openAuthority } from '../kit/authority.ts';
import { until } from '../kit/launch.ts';
import { type NextHop, startNextHop } from '../kit/next-hop.ts';
import { startServer, type TestServer } from '../kit/server.ts';
import { ALICE, type Ports } from './home.ts';
import { connectImapFlow } from './imapflow.ts';
import { letters, note } from './letters.ts';
import { Mailboxes } from './mailboxes.ts';
import { type Said, Thunderbird } from './thunderbird.ts';

const BO = 'bo@example.com';
const HOST = 'mail.example.com';
/** Refusals that the tour is after, and a look into a folder that has just been renamed. */
const EXPECTED = /\[OVERQUOTA\]|\[AUTHENTICATIONFAILED\]|Blåbär/;
const SKIP =
  process.env.BREVDUVA_TEST_THUNDERBIRD === '1' ? {} : { skip: 'only with BREVDUVA_TEST_THUNDERBIRD=1' };

interface Header {
  readonly uid: number;
  readonly subject: string;
  readonly author: string;
  readonly tags: string;
  readonly marks: string;
}
interface Composed {
  readonly isSent: boolean;
  readonly dialogs: readonly string[];
}

function transcript(said: readonly Said[]): string {
  const names = new Map<string, string>();
  return said
    .map(({ connection, by, text }) => {
      if (!names.has(connection)) names.set(connection, `#${names.size + 1}`);
      return `${names.get(connection)} ${by === 'client' ? 'C' : 'S'}: ${text}\n`;
    })
    .join('');
}

describe('Thunderbird', { ...SKIP, timeout: 600_000 }, () => {
  let folder: string;
  let hop: NextHop;
  let server: TestServer;
  let bird: Thunderbird;
  let alice: Mailboxes;
  let witness: ImapFlow;
  let logs = '';

  const ports = (): Ports => new Proxy({} as Ports, { get: (_target, name) => server.port(String(name)) });

  /** At the same ports as before, when there was a before. */
  async function serve(): Promise<void> {
    const before = server === undefined ? {} : server.addresses;
    const listen = Object.entries(before).map(([name, address]) => [`listen.${name}`, address]);
    server = await startServer({
      data: join(folder, 'data'),
      config: {
        ...{ hostname: HOST, 'listen.https': '127.0.0.1:0', 'auth.default_domain': 'example.com' },
        ...{ 'tls.certificate': join(folder, 'certificate.pem'), 'tls.key': join(folder, 'key.pem') },
        ...{ 'queue.smarthost': `127.0.0.1:${hop.port}`, 'queue.smarthost_tls': 'opportunistic' },
        ...{ 'queue.allow_private': 'true', ...Object.fromEntries(listen) },
      },
    });
  }

  async function stop(): Promise<void> {
    alice.close();
    witness.close();
    assert.equal(await server.stop(), 0, server.log);
    logs += server.log;
  }

  async function meet(): Promise<void> {
    alice = await Mailboxes.open(server.port('imap'), ALICE.address, ALICE.password);
    witness = await connectImapFlow(ports());
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brevduva-bird-'));
    const authority = await openAuthority('An authority of example.com');
    const { certificate, key } = await authority.sign({
      names: [HOST, 'autoconfig.example.com'],
      usage: 'server',
    });
    await writeFile(join(folder, 'certificate.pem'), certificate);
    await writeFile(join(folder, 'key.pem'), key, { mode: 0o600 });
    hop = await startNextHop();
    await serve();
    for (const address of [ALICE.address, BO]) {
      const { code, stderr } = await server.cli(['account', 'add', address, '--password-stdin'], 'secret\n');
      assert.equal(code, 0, stderr);
    }
    await meet();
    for (const name of ['Work', 'Work/2024', 'R&AOQ-ksm&APY-rg&AOU-s']) await alice.create(name);
    await alice.append('Work', letters(300), (index) => (index % 3 === 0 ? '\\Seen' : ''));
    await alice.append('Work/2024', letters(30, 1000));
    await alice.append('INBOX', [note('welcome'), note('second'), note('third')]);
    bird = await Thunderbird.open({
      hosts: [HOST, 'autoconfig.example.com'],
      ...{ http: server.port('http'), https: server.port('https') },
    });
    await bird.ask('trust', authority.certificate);
    await bird.ask('watchDialogs');
  });
  after(async () => {
    const { BREVDUVA_TEST_THUNDERBIRD_SAID: file } = process.env;
    if (bird !== undefined && file) await writeFile(file, transcript(await bird.said()));
    await bird?.close();
    await hop.close();
    await stop();
    await rm(folder, { recursive: true, force: true });
    const lines = logs.split('\n').filter((line) => !line.includes('"message":"wrong name or password"'));
    assert.doesNotMatch(lines.join('\n'), /\bbug\b|unhandled|TypeError|"level":"(?:warn|error)"/i);
  });

  const headers = (path: string): Promise<readonly Header[]> => bird.ask('headers', path);
  /** What was said while this was done, and that no command of it was refused. */
  async function saidWhile(work: () => Promise<unknown>): Promise<readonly Said[]> {
    const start = (await bird.said()).length;
    await work();
    return (await bird.said()).slice(start);
  }
  const refusals = (said: readonly Said[]): readonly string[] =>
    said.filter(({ by, text }) => by === 'server' && /^\S+ (?:NO|BAD) /.test(text)).map(({ text }) => text);
  async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    for (const endMs = performance.now() + 30_000; ; ) {
      const found = await look();
      if (found !== undefined) return found;
      assert.ok(performance.now() < endMs, `waited in vain for ${what}`);
    }
  }
  /** On the connection that opened it last. */
  async function isIdling(path: string): Promise<true | undefined> {
    const said = (await bird.said()).filter(({ by }) => by === 'client');
    const opened = said.findLast(({ text }) => text.endsWith(`select "${path}"`));
    const last = said.findLast(({ connection }) => connection === opened?.connection);
    return last?.text.endsWith(' IDLE') || undefined;
  }
  async function flagsOf(name: string, subject: string): Promise<readonly string[] | undefined> {
    const found = (await alice.read(name)).find(({ bytes }) => bytes.includes(`\r\nSubject: ${subject}\r\n`));
    return found?.flags;
  }

  it('finds its settings by the address, and signs in', async (t) => {
    t.diagnostic(await Thunderbird.version());
    await assert.rejects(
      bird.ask('addAccount', 'Alice', ALICE.address, 'wrong'),
      /Unable to log in at server/,
    );
    assert.deepEqual(await bird.ask('addAccount', 'Alice', ALICE.address, ALICE.password), {
      by: 'xml-from-isp-https',
      incoming: ['imap', server.port('imaps')],
      outgoing: ['smtp', server.port('submissions')],
    });
  });

  it('knows the folders and what they are for', async () => {
    const folders = await eventually('the folders', async () => {
      const found: { path: string; role: string }[] = await bird.ask('folders');
      return found.length === 9 ? found : undefined;
    });
    assert.deepEqual(Object.fromEntries(folders.map(({ path, role }) => [path, role])), {
      ...{ INBOX: 'Inbox', Archive: 'Archive', Drafts: 'Drafts', Junk: 'Junk', Sent: 'Sent', Trash: 'Trash' },
      ...{ Räksmörgås: '', Work: '', 'Work/2024': '' },
    });
  });

  it('fetches the headers of hundreds of messages, with their flags', async () => {
    await bird.ask('update', 'Work');
    const all = await headers('Work');
    assert.equal(all.length, 300);
    assert.equal(all.filter(({ marks }) => marks.includes('read')).length, 100);
    assert.equal(all[0]?.subject, 'Grüße aus Malmö 1');
    assert.equal(all[2]?.subject, 'Grüßecafé 3');
  });

  it('shows a message with its attachment, which is then read', async () => {
    const shown: { text: string; attachments: unknown } = await bird.ask('show', 'Work', 'attachment 11');
    assert.match(shown.text, /Smörgåsbord/);
    assert.deepEqual(shown.attachments, [{ name: 'å.bin', size: 840 }]);
    await eventually(
      '\\Seen',
      async () => (await flagsOf('Work', 'attachment 11'))?.includes('\\Seen') || undefined,
    );
  });

  it('marks and tags, and sees what others mark and tag', async () => {
    await bird.ask('mark', 'Work', ['plain 18'], { read: true, flagged: true, tags: ['$label1', '$label4'] });
    await eventually(
      'the tags',
      async () =>
        (await flagsOf('Work', 'plain 18'))?.join() === '$label1,$label4,\\Flagged,\\Seen' || undefined,
    );
    await bird.ask('mark', 'Work', ['plain 18'], { flagged: false, untag: ['$label4'] });
    await eventually(
      'fewer tags',
      async () => (await flagsOf('Work', 'plain 18'))?.join() === '$label1,\\Seen' || undefined,
    );
    await witness.mailboxOpen('Work');
    await witness.messageFlagsAdd({ header: { 'message-id': '<36@example.org>' } }, [
      '\\Answered',
      '\\Flagged',
      '$label2',
    ]);
    await bird.ask('update', 'Work');
    const changed = await eventually('what the other one did', async () =>
      (await headers('Work')).find(({ tags, subject }) => subject === 'plain 36' && tags !== ''),
    );
    assert.deepEqual([changed.tags, changed.marks.replace(' offline', '')], ['$label2', 'flagged replied']);
  });

  it('copies, moves and deletes, makes folders, renames and removes them', async () => {
    const said = await saidWhile(async () => {
      await bird.ask('copy', 'Work', ['plain 54', 'folded 4'], 'Sent');
      await bird.ask('copy', 'Work', ['plain 72', 'plain 90'], 'Work/2024', true);
      await bird.ask('delete', 'Work', ['plain 108']);
      await bird.ask('create', 'Work', 'Blåbär & co');
      await bird.ask('copy', 'Work', ['plain 126'], 'Work/Blåbär & co', true);
      await bird.ask('rename', 'Work/Blåbär & co', 'Hallon');
      await bird.ask('delete', 'Work', ['plain 144'], true);
      assert.deepEqual(await flagsOf('Work', 'plain 144'), ['\\Deleted', '\\Seen']);
      await bird.ask('compact', 'Work');
      await bird.ask('create', '', 'Short lived');
      await bird.ask('remove', 'Short lived');
    });
    // It may look once more into a folder that it has just renamed.
    assert.deepEqual(
      refusals(said).filter((text) => !/ NO \[NONEXISTENT\] .*Blåbär/.test(text)),
      [],
    );
    const counts: number[] = [];
    for (const name of ['Work', 'Work/2024', 'Work/Hallon', 'Sent']) counts.push(await alice.count(name));
    assert.deepEqual(counts, [295, 32, 1, 2]);
    assert.ok(await flagsOf('Trash', 'plain 108'));
    const wanted = ['Trash/Short lived', 'Work', 'Work/2024', 'Work/Hallon'];
    await eventually('the folders as they are here', async () => {
      const names = (await alice.names()).filter((name) => /Work|Short/.test(name));
      return names.join() === wanted.join() || undefined;
    });
  });

  it('finds by the server what is not in ASCII', async () => {
    const said = await saidWhile(async () => {
      const bodies: string[] = await bird.ask('search', 'Work', 'Body', 'åse LÄSER');
      assert.equal(bodies.length, 17);
      assert.ok(bodies.every((subject) => subject.startsWith('Grüße aus Malmö')));
      assert.equal((await bird.ask<string[]>('search', 'Work', 'Subject', 'café')).length, 17);
      assert.deepEqual(await bird.ask('search', 'Work', 'Subject', 'plain 180'), ['plain 180']);
      assert.deepEqual(await bird.ask('search', 'Work', 'Subject', 'not there'), []);
    });
    assert.deepEqual(refusals(said), []);
  });

  it('idles: mail that is delivered appears, what others remove goes', async () => {
    await bird.ask('update', 'INBOX');
    await eventually('IDLE', () => isIdling('INBOX'));
    await deliver(note('delivered'));
    await eventually('the message', async () =>
      (await headers('INBOX')).find(({ subject }) => subject === 'delivered'),
    );
    // What it hears while it fetches it keeps to itself until it asks again.
    await eventually('IDLE', () => isIdling('INBOX'));
    await witness.mailboxOpen('INBOX');
    await witness.messageMove('2', 'Archive');
    await witness.messageFlagsAdd('1', ['\\Flagged', '$label3']);
    const left = await eventually('the change', async () => {
      const all = await headers('INBOX');
      return all.length === 3 && all[0]?.tags === '$label3' ? all : undefined;
    });
    assert.deepEqual(
      left.map(({ subject }) => subject),
      ['welcome', 'third', 'delivered'],
    );
  });

  it('sends with an attachment, and puts a copy into Sent', async () => {
    const attachment = join(folder, 'räksmörgås.txt');
    await writeFile(attachment, 'På ön.\n');
    const said = await saidWhile(async () => {
      const letter = { to: BO, subject: 'Hälsningar från ön', body: 'Hej Bo,\n.\nslut\n', attachment };
      assert.deepEqual(await bird.ask('compose', letter), { isSent: true, dialogs: [] });
    });
    assert.deepEqual(refusals(said), []);
    const bo = await Mailboxes.open(server.port('imap'), BO, 'secret');
    const got = await eventually('the message', async () => (await bo.read('INBOX'))[0]);
    bo.close();
    const text = String(got.bytes);
    assert.match(text, /^Received: by mail\.example\.com with ESMTPSA \(TLSv1\.3\)/m);
    assert.match(text, /\r\n\r\nHej Bo,\r\n\.\r\nslut\r\n/);
    assert.match(text, / filename\*=UTF-8''%72%C3%A4%6B/);
    const copies = (await alice.read('Sent')).filter(({ bytes }) => bytes.includes('Hej Bo'));
    assert.deepEqual(
      copies.map(({ flags }) => flags),
      [['\\Seen']],
    );
  });

  it('sends to an address beyond ASCII at another server', async () => {
    const sent = await bird.ask('compose', { to: 'jürgen@example.org', subject: 'Grüße', body: 'Hallo' });
    assert.deepEqual(sent, { isSent: true, dialogs: [] });
    const mail = await until('the mail', () => hop.mails[0]);
    assert.equal(Buffer.from(mail.recipients[0]?.address ?? '', 'latin1').toString(), 'jürgen@example.org');
    assert.match(mail.parameters, /SMTPUTF8/);
  });

  it('shows why something was not sent, in the words of the server', async () => {
    const cases: readonly (readonly [letter: object, why: RegExp])[] = [
      [{ to: `${BO}, nobody@example.com` }, /there is no such mailbox here/],
      [{ to: BO, from: 'eve@example.org' }, /alice@example\.com may not send as eve@example\.org/],
      [{ to: BO, from: 'bo@example.com' }, /alice@example\.com may not send as bo@example\.com/],
    ];
    for (const [letter, why] of cases) {
      const { isSent, dialogs }: Composed = await bird.ask('compose', { subject: 'x', body: 'x', ...letter });
      assert.equal(isSent, false);
      assert.match(dialogs.join('\n'), why);
    }
  });

  it('saves drafts, one for each message that is written', async () => {
    await bird.ask('compose', { to: BO, subject: 'Utkast', body: 'not yet' }, 'SaveAsDraft');
    const [draft] = await alice.read('Drafts');
    assert.deepEqual(draft?.flags, ['\\Draft']);
    assert.match(String(draft?.bytes), /not yet/);
  });

  it('is told when the account is full, and goes on when it is not', async () => {
    await server.cli(['account', 'quota', ALICE.address, '100KiB']);
    // It says that it has copied before it has, when it has the message here.
    await bird.ask('copy', 'Work', ['long line 10'], 'Archive').catch(() => {});
    await eventually('the refusal', async () => {
      const words = (await bird.ask<string[]>('dialogs')).join('\n');
      return /responded: \[OVERQUOTA\] .* KiB of 100 KiB/.test(words) || undefined;
    });
    const { dialogs }: Composed = await bird.ask('compose', { to: BO, subject: 'no room', body: 'x' });
    assert.match(dialogs.join('\n'), /was sent but a copy was not placed in your sent folder/);
    await bird.ask('delete', 'Work', ['plain 162']);
    await server.cli(['account', 'quota', ALICE.address, 'none']);
    const before = await alice.count('Archive');
    await bird.ask('copy', 'Work', ['long line 28'], 'Archive');
    await eventually('the copy', async () => (await alice.count('Archive')) > before || undefined);
  });

  for (const security of ['starttls', 'none'] as const)
    it(`reads and sends with ${security === 'none' ? 'no TLS at all' : 'STARTTLS'}`, async () => {
      const [imap, submission] = [server.port('imap'), server.port('submission')];
      const said = await saidWhile(async () => {
        await bird.ask('reach', { imap, submission, security });
        await bird.ask('update', 'INBOX');
        await bird.ask('update', 'Work');
        const letter = { to: BO, subject: `by ${security}`, body: 'x' };
        assert.deepEqual(await bird.ask('compose', letter), { isSent: true, dialogs: [] });
      });
      assert.deepEqual(refusals(said), []);
      assert.equal(
        said.some(({ text }) => /STARTTLS$/i.test(text)),
        security === 'starttls',
      );
      const smtp: string[] = await bird.ask('smtp');
      assert.equal(smtp.slice(-60).includes('C: STARTTLS'), security === 'starttls');
    });

  for (const how of ['as it comes', 'with CONDSTORE'] as const)
    it(`finds its way after the server was started anew, ${how}`, async () => {
      if (how === 'with CONDSTORE') await bird.ask('useCondstore');
      await bird.ask('update', 'Work/2024');
      await stop();
      await serve();
      await meet();
      await witness.mailboxOpen('Work/2024');
      await witness.messageDelete('1:2');
      await witness.messageFlagsAdd('1', ['$label5', '\\Flagged']);
      await alice.append('Work/2024', [note(`after ${how}`)]);
      const said = await saidWhile(() => bird.ask('update', 'Work/2024'));
      assert.deepEqual(refusals(said), []);
      const here = (await headers('Work/2024')).map(({ uid, tags }) => `${uid} ${tags}`);
      const there = (await alice.read('Work/2024')).map(
        ({ uid, flags }) => `${uid} ${flags.filter((flag) => flag.startsWith('$label')).join(' ')}`,
      );
      assert.deepEqual(here, there);
    });

  it('works offline in two folders, and does at the server what was done meanwhile', async () => {
    await bird.ask('goOffline', ['INBOX', 'Work/2024']);
    const shown: { text: string } = await bird.ask('show', 'INBOX', 'third');
    assert.match(shown.text, /Hello/);
    await bird.ask('mark', 'INBOX', ['third'], { flagged: true, tags: ['$label1'] });
    await bird.ask('delete', 'INBOX', ['delivered']);
    await bird.ask('copy', 'Work/2024', ['plain 1026'], 'INBOX', true);
    await deliver(note('meanwhile'));
    const said = await saidWhile(() => bird.ask('goOnline'));
    assert.deepEqual(refusals(said), []);
    await eventually(
      'the flags',
      async () => (await flagsOf('INBOX', 'third'))?.includes('$label1') || undefined,
    );
    await eventually('the move', () => flagsOf('INBOX', 'plain 1026'));
    await eventually('the deletion', () => flagsOf('Trash', 'delivered'));
    assert.equal(await flagsOf('Work/2024', 'plain 1026'), undefined);
    await eventually('the new one', async () =>
      (await headers('INBOX')).find(({ subject }) => subject === 'meanwhile'),
    );
  });

  it('never met a refusal that it did not ask for, and the account is sound', async () => {
    const refused = refusals(await bird.said()).filter((text) => !EXPECTED.test(text));
    assert.deepEqual(refused, []);
    const { code, stdout } = await server.cli(['check']);
    assert.equal(code, 0, stdout);
  });

  async function deliver(bytes: Buffer): Promise<void> {
    const { createTransport } = await import('nodemailer');
    const transport = createTransport({
      ...{ lmtp: true, host: '127.0.0.1', port: server.port('lmtp'), tls: { rejectUnauthorized: false } },
    } as Parameters<typeof createTransport>[0]);
    await transport.sendMail({ raw: bytes, envelope: { from: 'bob@example.org', to: ALICE.address } });
    transport.close();
  }
});
