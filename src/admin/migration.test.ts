/** Mail from servers that lie, hang, break off, throttle or count anew: what can be had is here once, and the rest is named. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { localAdminOf, openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import {
  fetched,
  type Script,
  ScriptedImap,
  type ScriptedMessage,
  type Told,
} from '../../test/kit/scripted-imap.ts';
import { Secret } from '../base/secret.ts';
import { renameMailbox } from '../mailbox/operations/folders.ts';
import { type AccountOptions, migrateAccount } from '../transfer/network/account-run.ts';
import { ImapRemote, type RemoteOptions } from '../transfer/network/imap-remote.ts';
import { folderMark, importKey as keyOf, marksOf } from '../transfer/network/journal.ts';
import { Pace } from '../transfer/network/pace.ts';
import { type AccountReceipt, isClean, sumOf } from '../transfer/network/receipt.ts';
import type { SignIn } from '../transfer/network/sign-in.ts';
import type { LocalAdmin } from './local-admin.ts';

let kit: TestDomain;
let admin: LocalAdmin;
let serial = 0;

before(async () => {
  kit = await openTestDomain();
  admin = localAdminOf(kit);
});
after(() => kit.close());

const text = (n: number, more = ''): Buffer =>
  Buffer.from(`Subject: number ${n}\r\n\r\ntext of ${n}\r\n${more}`);
const messages = (...uids: number[]): ScriptedMessage[] => uids.map((uid) => ({ uid, bytes: text(uid) }));
const inbox = (all: readonly ScriptedMessage[], uidValidity = 7) => [
  { name: 'INBOX', messages: all, uidValidity },
];

async function newAccount(): Promise<string> {
  const address = `person${++serial}@example.com`;
  await kit.addAccount(address, 'secret');
  return address;
}

interface Wish extends Partial<AccountOptions> {
  readonly signIn?: SignIn;
  readonly silenceMs?: number;
  readonly tls?: RemoteOptions['endpoint']['tls'];
}

async function bring(source: ScriptedImap, address: string, wish: Wish = {}): Promise<AccountReceipt> {
  const {
    signIn = { kind: 'password', user: 'old', password: new Secret('hidden') },
    silenceMs = 3000,
    tls = 'none',
    ...more
  } = wish;
  const endpoint = { protocol: 'imap', host: '127.0.0.1', port: source.port, tls, user: undefined } as const;
  return migrateAccount({
    ...{ target: admin, address, source: 'old@127.0.0.1', pace: new Pace(Number.POSITIVE_INFINITY) },
    connect: () => ImapRemote.connect({ endpoint, trust: { isInsecure: false }, signIn, silenceMs }),
    ...{ patienceMs: 100_000, mode: 'bring', removes: false, skip: [] },
    time: { sleep: async () => undefined },
    ...{ onProgress: () => undefined, onPause: () => undefined, onProblem: () => undefined },
    ...more,
  });
}

/** What is in a mailbox, in the order of its UIDs. */
async function here(
  address: string,
  mailbox = 'INBOX',
): Promise<{ uid: number; text: string; flags: number }[]> {
  const found: { uid: number; text: string; flags: number }[] = [];
  for await (const { uid, flags, chunks } of admin.readMessages(address, mailbox)) {
    const parts: Buffer[] = [];
    for await (const chunk of chunks()) parts.push(chunk);
    found.push({ uid, flags, text: Buffer.concat(parts).toString('latin1') });
  }
  return found;
}

const uidsOf = (all: readonly { uid: number }[]): number[] => all.map(({ uid }) => uid);

async function withSource(script: Script, run: (source: ScriptedImap) => Promise<void>): Promise<void> {
  const source = await ScriptedImap.start(script);
  try {
    await run(source);
  } finally {
    await source.close();
  }
}

describe('a server that lies', () => {
  test('UIDs out of order and twice, sizes that are wrong, dates that are none, NUL', async () => {
    const all = [
      { uid: 9, bytes: text(9), size: 3 },
      { uid: 2, bytes: text(2), size: 900_000, date: 'yesterday' },
      { uid: 5, bytes: text(5, 'a\0b\r\n') },
      { uid: 5, bytes: text(55) },
    ];
    await withSource({ folders: inbox(all) }, async (source) => {
      const address = await newAccount();
      const receipt = await bring(source, address);
      assert.ok(isClean(receipt), JSON.stringify(receipt));
      const found = await here(address);
      assert.deepEqual(uidsOf(found), [2, 5, 9]);
      assert.ok(found[1]?.text.includes('a\0b'));
      assert.equal(sumOf((await bring(source, address)).folders).there, 3);
    });
  });

  test('more words about its messages than can be kept cost the folder alone', async () => {
    const folders = [
      { name: 'INBOX', messages: messages(1) },
      {
        name: 'All',
        attributes: '\\All',
        messages: messages(...Array.from({ length: 40 }, (_, n) => n + 1)),
      },
    ];
    const lie = ({ tag, command, write }: Told): boolean => {
      if (!/^UID FETCH 1:\* .*X-GM-LABELS/.test(command)) return false;
      const label = 'x'.repeat(1_000_000);
      for (let uid = 1; uid <= 40; uid++)
        write(`* ${uid} FETCH (UID ${uid} FLAGS () RFC822.SIZE 9 X-GM-LABELS ("${uid}${label}"))\r\n`);
      write(`${tag} OK done\r\n`);
      return true;
    };
    await withSource({ folders, capabilities: 'IMAP4rev1 AUTH=PLAIN X-GM-EXT-1', lie }, async (source) => {
      const receipt = await bring(source, await newAccount());
      assert.deepEqual(
        receipt.problems.map(({ where, why }) => [where, /more different keywords and labels/.test(why)]),
        [['All', true]],
      );
    });
  });

  test('a message that it tells of and does not send costs only itself, and comes when it is sent', async () => {
    let isHonest = false;
    const lie = ({ tag, command, write }: Told): boolean => {
      if (isHonest || !/^UID FETCH \S+ .*BODY/.test(command)) return false;
      const folder = { name: 'INBOX', messages: messages(1, 2, 4) };
      for (const row of fetched(command, folder)) write(row);
      write(`${tag} OK done\r\n`);
      return true;
    };
    await withSource({ folders: inbox(messages(1, 2, 3, 4)), lie }, async (source) => {
      const address = await newAccount();
      const receipt = await bring(source, address);
      assert.deepEqual(receipt.problems, [
        { where: 'INBOX, UID 3', why: 'the old server tells of it and does not send it' },
      ]);
      assert.ok(!isClean(receipt));
      isHonest = true;
      assert.ok(isClean(await bring(source, address)));
      assert.equal((await here(address)).length, 4);
    });
  });

  for (const [name, break_] of [
    [
      'breaks the connection in the middle of it',
      ({ socket, write }: Told) => {
        write('* 3 FETCH (UID 3 FLAGS () BODY[] {4000}\r\nSubject: half');
        setTimeout(() => socket.destroy(), 20);
      },
    ],
    [
      'sends fewer octets than it says',
      ({ tag, write }: Told) => {
        write(`* 3 FETCH (UID 3 FLAGS () BODY[] {400}\r\nSubject: half)\r\n${tag} OK done\r\n`);
      },
    ],
    ['hangs', () => undefined],
    [
      'sends a line without an end',
      ({ socket }: Told) => {
        const block = Buffer.alloc(1024 * 1024, 0x78);
        const more = (): void => {
          while (socket.writable && socket.write(block));
          if (socket.writable) socket.once('drain', more);
        };
        socket.write('* 3 FETCH (UID 3 FLAGS () X ');
        more();
      },
    ],
    [
      'announces more than there can be',
      ({ write }: Told) => {
        write('* 3 FETCH (UID 3 FLAGS () BODY[] {99999999999}\r\n');
      },
    ],
    [
      'says what is no IMAP',
      ({ write }: Told) => {
        write('HTTP/1.1 200 OK\r\n\r\n');
      },
    ],
  ] as const) {
    test(`one that ${name} over a message loses that message alone`, async () => {
      const lie = (told: Told): boolean => {
        const set = /^UID FETCH (\S+) .*BODY/.exec(told.command)?.[1];
        const holdsIt = set?.split(',').some((range) => {
          const [from = 0, to = from] = range.split(':').map(Number);
          return from <= 3 && 3 <= to;
        });
        if (holdsIt !== true) return false;
        break_(told);
        return true;
      };
      await withSource({ folders: inbox(messages(1, 2, 3, 4, 5)), lie }, async (source) => {
        const address = await newAccount();
        const receipt = await bring(source, address, { silenceMs: 700 });
        assert.equal(receipt.stopped, undefined);
        assert.deepEqual(uidsOf(await here(address)), [1, 2, 4, 5]);
        assert.equal(receipt.problems.length, 1);
        assert.match(
          `${receipt.problems[0]?.where}: ${receipt.problems[0]?.why}`,
          /^INBOX, UID 3: the old server cannot send it/,
        );
      });
    });
  }

  test('one that breaks once is asked again, and nothing comes twice', async () => {
    const lie = ({ command, socket, times, write }: Told): boolean => {
      if (!/BODY/.test(command) || times > 0) return false;
      const [first] = fetched(command, { name: 'INBOX', messages: messages(1, 2, 3) });
      write(first as Buffer);
      write('* 2 FETCH (UID 2 BODY[] {99}\r\nSub');
      setTimeout(() => socket.destroy(), 20);
      return true;
    };
    await withSource({ folders: inbox(messages(1, 2, 3)), lie }, async (source) => {
      const address = await newAccount();
      assert.ok(isClean(await bring(source, address)));
      assert.deepEqual(uidsOf(await here(address)), [1, 2, 3]);
    });
  });

  test('a large message comes in pieces, also when the connection breaks between them; one without an end is refused', async () => {
    const large = text(2, 'x'.repeat(5_000_000));
    const endless = Buffer.alloc(24 * 1024 * 1024, 0x61);
    const all = [
      { uid: 1, bytes: text(1) },
      { uid: 2, bytes: large },
      { uid: 3, bytes: endless, size: 3_000_000 },
    ];
    const lie = ({ command, socket, times }: Told): boolean => {
      if (!command.includes('<2097152.') || times > 0) return false;
      socket.destroy();
      return true;
    };
    await withSource({ folders: inbox(all), lie }, async (source) => {
      const address = await newAccount();
      const receipt = await bring(source, address);
      const found = await here(address);
      assert.deepEqual(uidsOf(found), [1, 2]);
      assert.equal(found[1]?.text, large.toString('latin1'));
      assert.match(`${receipt.problems[0]?.why}`, /much larger than the old server says/);
      assert.equal(sumOf(receipt.folders).equal, 2);
    });
  });

  test('a listing that is not whole deletes nothing here', async () => {
    const script: Script = { folders: inbox(messages(1, 2, 3)) };
    await withSource(script, async (source) => {
      const address = await newAccount();
      await bring(source, address);
      const { lie: _, ...honest } = script;
      const liar = await ScriptedImap.start({
        ...honest,
        lie: ({ tag, command, write }) => {
          if (!/^UID FETCH 1:\*/.test(command)) return false;
          write(`${tag} OK done\r\n`);
          return true;
        },
      });
      const receipt = await bring(liar, address, { removes: true });
      await liar.close();
      assert.match(`${receipt.problems[0]?.why}`, /tells of 0 of its 3 messages, so nothing is deleted here/);
      assert.equal((await here(address)).length, 3);
      source.script.folders = inbox(messages(1, 3));
      assert.equal(sumOf((await bring(source, address, { removes: true })).folders).removed, 1);
      assert.deepEqual(uidsOf(await here(address)), [1, 3]);
    });
  });
});

describe('what changes between two runs', () => {
  test('a folder with another UIDVALIDITY is not there twice', async () => {
    await withSource(
      { folders: inbox([...messages(1, 2, 3), { uid: 4, bytes: text(1) }]) },
      async (source) => {
        const address = await newAccount();
        await bring(source, address);
        source.script.folders = inbox(
          [
            ...messages(1, 2).map((one) => ({ ...one, uid: one.uid + 100 })),
            { uid: 104, bytes: text(1) },
            ...messages(109),
          ],
          8,
        );
        const receipt = await bring(source, address);
        const { there, brought } = sumOf(receipt.folders);
        assert.deepEqual([there, brought], [3, 1]);
        assert.equal((await here(address)).length, 5);
        assert.equal(sumOf((await bring(source, address)).folders).there, 4);
      },
    );
  });

  test('a mailbox that was renamed here goes on getting the mail of its folder, and what was deleted here stays away', async () => {
    const work = (...uids: number[]) => [{ name: 'Work', messages: messages(...uids) }];
    await withSource({ folders: work(1, 2) }, async (source) => {
      const address = await newAccount();
      await bring(source, address);
      const account = await kit.domain.accounts.open((await kit.admin.accountOf(address)).id);
      await renameMailbox(kit.domain, account, 'Work', 'Job');
      await admin.migration.removeMessages(address, 'Job', [1]);
      source.script.folders = work(1, 2, 3);
      const receipt = await bring(source, address);
      assert.equal(receipt.folders[0]?.mailbox, 'Job');
      assert.deepEqual(uidsOf(await here(address, 'Job')), [2, 3]);
    });
  });

  test('flags that were changed there come, those that were changed here alone stay', async () => {
    await withSource({ folders: inbox(messages(1, 2)) }, async (source) => {
      const address = await newAccount();
      await bring(source, address);
      const importKey = keyOf(folderMark('old@127.0.0.1', 'INBOX'), 7, 2);
      // A person flags the second one here: what is remembered of the source is as before.
      await admin.migration.followMarks(address, 'INBOX', [
        { importKey, uid: 2, flags: 4, keywords: [], marks: marksOf(0, []) },
      ]);
      source.script.folders = inbox([{ uid: 1, bytes: text(1), flags: '\\Seen $Forwarded' }, ...messages(2)]);
      assert.equal(sumOf((await bring(source, address)).folders).followed, 1);
      assert.deepEqual(
        (await here(address)).map(({ flags }) => flags),
        [1, 4],
      );
      assert.equal(sumOf((await bring(source, address)).folders).followed, 0);
    });
  });
});

describe('a server that does not want', () => {
  const stopped = async (script: Partial<Script>, wish: Wish = {}): Promise<string> => {
    let why = '';
    await withSource({ folders: inbox(messages(1)), ...script }, async (source) => {
      const receipt = await bring(source, await newAccount(), wish);
      assert.ok(!isClean(receipt));
      why = `${receipt.stopped}`;
    });
    return why;
  };
  const refusing =
    (words: string) =>
    ({ tag, command, write }: Told): boolean => {
      if (!/^AUTHENTICATE \S+ \S/.test(command)) return false;
      write(`${tag} ${words}\r\n`);
      return true;
    };

  test('a wrong password ends it at once, and is in no message', async () => {
    const why = await stopped({ lie: refusing('NO [AUTHENTICATIONFAILED] wrong') }, { patienceMs: 10 ** 9 });
    assert.match(why, /does not let this user in/);
    assert.doesNotMatch(why, /hidden/);
  });

  for (const words of [
    'NO [ALERT] Too many simultaneous connections. (Failure)',
    'NO [UNAVAILABLE] Account exceeded command or bandwidth limits.',
    'NO [LIMIT] Maximum number of connections from user+IP exceeded',
  ])
    test(`"${words}" is waited for, longer each time, and then said`, async () => {
      const pauses: number[] = [];
      let now = 0;
      const sleep = async (ms: number): Promise<void> => {
        now += ms;
      };
      const onPause = (_: string, ms: number): void => {
        pauses.push(ms);
      };
      const time = { sleep, now: () => now };
      const why = await stopped({ lie: refusing(words) }, { patienceMs: 600_000, onPause, time });
      assert.match(why, /says that it is too much/);
      assert.deepEqual(pauses, [30_000, 60_000, 120_000, 240_000]);
    });

  test('without TLS nobody signs in', async () => {
    await withSource({ folders: inbox(messages(1)) }, async (source) => {
      const receipt = await bring(source, await newAccount(), { tls: 'upgraded' });
      assert.match(`${receipt.stopped}`, /cannot be trusted/);
      assert.ok(!source.heard.some((line) => /AUTHENTICATE|LOGIN/.test(line)));
    });
  });

  test('where nobody listens', async () => {
    const source = await ScriptedImap.start({ folders: [] });
    await source.close();
    const gone = { port: 1 } as unknown as ScriptedImap;
    const receipt = await bring(gone, await newAccount(), { patienceMs: 0 });
    assert.match(`${receipt.stopped}`, /nobody answers there/);
  });

  test('a folder that it does not open costs only itself', async () => {
    const folders = [{ name: 'Shut', messages: messages(1) }, ...inbox(messages(1))];
    const lie = ({ tag, command, write }: Told): boolean => {
      if (!command.startsWith('EXAMINE') || !command.includes('Shut')) return false;
      write(`${tag} NO [NOPERM] not yours\r\n`);
      return true;
    };
    await withSource({ folders, lie }, async (source) => {
      const address = await newAccount();
      const receipt = await bring(source, address);
      assert.deepEqual(
        receipt.problems.map(({ where }) => where),
        ['Shut'],
      );
      assert.equal((await here(address)).length, 1);
    });
  });
});

describe('who signs in', () => {
  const said = async (signIn: SignIn, capabilities: string): Promise<string> => {
    let line = '';
    await withSource({ folders: inbox(messages(1)), capabilities }, async (source) => {
      assert.ok(isClean(await bring(source, await newAccount(), { signIn })));
      const at = source.heard.findIndex((one) => one.startsWith('AUTHENTICATE'));
      const initial = source.heard[at]?.split(' ')[2];
      line = Buffer.from(initial ?? source.heard[at + 1] ?? '', 'base64').toString();
    });
    return line;
  };
  const password = new Secret('hidden');

  test('a master on behalf of a user, and by a name of both', async () => {
    const onBehalf = await said(
      { kind: 'on-behalf', user: 'anna', master: 'admin', password },
      'IMAP4rev1 AUTH=PLAIN',
    );
    assert.equal(onBehalf, 'anna\0admin\0hidden');
    assert.equal(
      await said({ kind: 'password', user: 'anna*admin', password }, 'IMAP4rev1 AUTH=PLAIN'),
      '\0anna*admin\0hidden',
    );
  });

  test('a token, as the server takes it', async () => {
    const token = async () => new Secret('t0ken');
    const bearer = await said(
      { kind: 'token', user: 'anna', token },
      'IMAP4rev1 SASL-IR AUTH=OAUTHBEARER AUTH=XOAUTH2',
    );
    assert.match(bearer, /^n,a=anna,\u0001.*auth=Bearer t0ken/);
    const older = await said({ kind: 'token', user: 'anna', token }, 'IMAP4rev1 AUTH=XOAUTH2');
    assert.equal(older, 'user=anna\u0001auth=Bearer t0ken\u0001\u0001');
  });
});

test('names: levels by any separator, the prefix of the namespace, roles', async () => {
  const folders = [
    { name: 'INBOX', messages: messages(1) },
    { name: 'INBOX.a/b.Entw&APw-rfe', messages: messages(2) },
    { name: 'INBOX.Corbeille', messages: messages(3) },
    { name: 'INBOX.Strange', attributes: '\\Junk', messages: messages(4) },
    { name: 'shared.news', messages: messages(5) },
    { name: 'INBOX.nothing', attributes: '\\Noselect', messages: [] },
  ];
  const namespace = '(("INBOX." ".")) NIL (("shared." "."))';
  await withSource({ folders, delimiter: '.', namespace }, async (source) => {
    const address = await newAccount();
    const receipt = await bring(source, address);
    assert.deepEqual(
      receipt.folders.map(({ folder, mailbox }) => [folder, mailbox]),
      [
        ['INBOX', 'INBOX'],
        ['INBOX.a/b.Entwürfe', 'a_b/Entwürfe'],
        ['INBOX.Corbeille', 'Trash'],
        ['INBOX.Strange', 'Junk'],
      ],
    );
    assert.deepEqual(
      receipt.leftOut.map(({ where }) => where),
      ['INBOX.nothing', 'shared.news'],
    );
  });
});

test('what has no room is named before it is fetched, and the rest is here', async () => {
  const big = (uid: number): ScriptedMessage => ({ uid, bytes: text(uid, 'x'.repeat(100_000)) });
  const uids = Array.from({ length: 300 }, (_, i) => i + 1);
  await withSource(
    { folders: inbox(uids.map((uid) => (uid % 2 === 0 ? big(uid) : { uid, bytes: text(uid) }))) },
    async (source) => {
      const address = await newAccount();
      await admin.setQuota(address, { bytes: 1_000_000 });
      const counted = await bring(source, address, { mode: 'count' });
      assert.ok(counted.roomBytes !== undefined && counted.roomBytes < sumOf(counted.folders).bytes);
      assert.equal((await admin.findAccount(address)).usedMessages, 0);
      const receipt = await bring(source, address);
      const sum = sumOf(receipt.folders);
      assert.equal(sum.brought + sum.refused, 300);
      assert.equal(sum.equal, sum.brought);
      assert.ok(sum.brought >= 150, `${sum.brought}`);
      assert.ok(receipt.problems.every(({ why }) => /no room for/.test(why)));
      assert.ok(isClean(receipt) === false);
      await admin.setQuota(address, { bytes: 'none' });
      assert.ok(isClean(await bring(source, address)));
      assert.equal((await here(address)).length, 300);
    },
  );
});

describe('Gmail', () => {
  const capabilities = 'IMAP4rev1 AUTH=PLAIN X-GM-EXT-1 SPECIAL-USE';
  const all = (...some: ScriptedMessage[]) => [
    { name: 'INBOX', messages: some.filter(({ labels }) => labels?.includes('Inbox')) },
    { name: 'Work', messages: [] },
    { name: 'Work/R&AOk-sum&AOk-', messages: [] },
    { name: 'Empty', messages: [] },
    { name: '[Gmail]', attributes: '\\Noselect', messages: [] },
    { name: '[Gmail]/All Mail', attributes: '\\All', uidValidity: 11, messages: some },
    { name: '[Gmail]/Important', attributes: '\\Important', messages: [] },
    { name: '[Gmail]/Starred', attributes: '\\Flagged', messages: [] },
    { name: '[Gmail]/Sent Mail', attributes: '\\Sent', messages: [] },
    { name: '[Gmail]/Spam', attributes: '\\Junk', uidValidity: 12, messages: messages(1) },
    { name: '[Gmail]/Bin', attributes: '\\Trash', uidValidity: 13, messages: [] },
  ];
  const labelled = (uid: number, labels: string, flags = ''): ScriptedMessage => ({
    uid,
    bytes: text(uid),
    labels,
    flags,
  });
  const counts = async (address: string): Promise<Record<string, number>> => {
    const boxes = await admin.listMailboxes(address);
    return Object.fromEntries(
      boxes.filter(({ exists }) => exists > 0).map(({ name, exists }) => [name, exists]),
    );
  };

  test('a message comes once and is in the mailboxes of its labels, and they are followed', async () => {
    const some = [
      labelled(1, '"\\\\Inbox" "\\\\Important" Work "Work/R&AOk-sum&AOk-"', '\\Flagged'),
      labelled(2, '"\\\\Sent"'),
      labelled(3, ''),
      labelled(4, '"\\\\Inbox" "\\\\Starred"', '\\Seen'),
    ];
    await withSource({ folders: all(...some), capabilities }, async (source) => {
      const address = await newAccount();
      const receipt = await bring(source, address);
      assert.ok(isClean(receipt), JSON.stringify(receipt));
      const first = { Archive: 1, INBOX: 2, Junk: 1, Sent: 1, Work: 1, 'Work/Résumé': 1 };
      assert.deepEqual(await counts(address), first);
      const names = (await admin.listMailboxes(address)).map(({ name }) => name);
      assert.ok(names.includes('Empty'));
      assert.ok(!names.some((name) => name.startsWith('[Gmail]')), names.join());
      assert.equal((await admin.findAccount(address)).usedMessages, 7);
      const fetches = source.heard.filter((line) => line.includes('BODY')).length;
      const again = sumOf((await bring(source, address)).folders);
      assert.deepEqual([again.brought, again.followed, again.there], [0, 0, 5]);
      source.script.folders = all(
        labelled(1, '"\\\\Inbox" Work', '\\Flagged \\Seen'),
        labelled(2, '"\\\\Sent" Work'),
        labelled(3, ''),
        labelled(5, 'Empty'),
      );
      const changed = sumOf((await bring(source, address, { removes: true })).folders);
      assert.equal(changed.brought, 1);
      assert.deepEqual(await counts(address), { Archive: 1, Empty: 1, INBOX: 1, Junk: 1, Sent: 1, Work: 2 });
      assert.deepEqual(
        (await here(address)).map(({ flags }) => flags),
        [5],
      );
      const later = source.heard.filter((line) => line.includes('BODY')).length;
      assert.equal(later - fetches, 1);
    });
  });

  test('without "All Mail" every label is a folder, and it is said', async () => {
    const folders = all(labelled(1, '"\\\\Inbox"')).filter(({ name }) => !name.includes('All Mail'));
    await withSource({ folders, capabilities }, async (source) => {
      const receipt = await bring(source, await newAccount());
      assert.ok(receipt.leftOut.some(({ why }) => /several labels comes once for each/.test(why)));
    });
  });
});
