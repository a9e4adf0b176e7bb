/**
 * One message, many recipients: what goes wrong with one of them touches no other, and nothing stays of what nobody took.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import { lmtpHello, lmtpStartData, openTestLmtp } from '../../test/kit/lmtp.ts';
import { type MailStore, StoreError } from '../mailbox/port/store.ts';

const PEOPLE = 130;

interface Fault {
  readonly method: 'loadAccount' | 'loadLastChunk';
  readonly error: Error;
  /** The accounts are in memory before the fault begins. */
  readonly isOpened: boolean;
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'rows cannot be read': {
    method: 'loadAccount',
    error: new StoreError('damaged', 'made up'),
    isOpened: false,
  },
  'last page cannot be read': {
    method: 'loadLastChunk',
    error: new StoreError('damaged', 'made up'),
    isOpened: true,
  },
  'delivery meets a bug': { method: 'loadLastChunk', error: new TypeError('made up'), isOpened: true },
};

/** A store that fails for some accounts. */
function failingFor(
  store: MailStore,
  { method, error }: Fault,
  isHit: (account: number) => boolean,
): MailStore {
  return replaced(store, method, (real, args) =>
    isHit(args[0] as number) ? Promise.reject(error) : real(...args),
  );
}

/** A store that keeps every upload in the set until it is given up. */
function watchingUploads(store: MailStore, uploads: Set<unknown>): MailStore {
  return replaced(store, 'stage', (real, args) => {
    const staging = real(...args) as ReturnType<MailStore['stage']>;
    uploads.add(staging);
    const abort = (): void => {
      uploads.delete(staging);
      staging.abort();
    };
    return { write: (chunk: Uint8Array) => staging.write(chunk), finish: () => staging.finish(), abort };
  });
}

function replaced(
  store: MailStore,
  method: keyof MailStore,
  call: (real: (...args: unknown[]) => unknown, args: unknown[]) => unknown,
): MailStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const real = value.bind(target) as (...args: unknown[]) => unknown;
      return name === method ? (...args: unknown[]) => call(real, args) : real;
    },
  });
}

describe('one of many recipients', () => {
  for (const [what, fault] of Object.entries(FAULTS)) {
    test(`whose ${what}: all others have their copy once and are told so`, async () => {
      const hit = new Set<number>();
      let isFailing = false;
      const wrapStore = (store: MailStore): MailStore =>
        failingFor(store, fault, (account) => isFailing && hit.has(account));
      const kit = await openTestDomain({ wrapStore });
      const server = await openTestLmtp({ domain: kit.domain });
      const people: { address: string; isHit: boolean }[] = [];
      for (let i = 0; i < PEOPLE; i++) {
        const { id, address } = await kit.addAccount(`user${i}@example.com`, 'secret');
        if (fault.isOpened) await kit.domain.accounts.open(id);
        const isHit = i % 60 === 7;
        if (isHit) hit.add(id);
        people.push({ address, isHit });
      }
      isFailing = true;
      const client = await lmtpHello(server);
      client.send(
        'MAIL FROM:<a@example.org>\r\n',
        ...people.map(({ address }) => `RCPT TO:<${address}>\r\n`),
      );
      const [, ...asked] = await client.codes(1 + PEOPLE);
      // An account that cannot be opened is refused for now at RCPT; a broken page shows only at the delivery.
      assert.deepEqual(
        asked,
        people.map(({ isHit }) => (isHit && !fault.isOpened ? '451 4.3.0' : '250 2.1.5')),
      );
      const accepted = people.filter((_, i) => asked[i] === '250 2.1.5');
      client.send('DATA\r\nonce\r\n.\r\n');
      const [, ...outcomes] = await client.codes(1 + accepted.length);
      assert.deepEqual(
        outcomes,
        accepted.map(({ isHit }) => (isHit ? '451 4.3.0' : '250 2.0.0')),
      );
      isFailing = false;
      for (const { address, isHit } of people) {
        assert.equal((await kit.messagesOf(address)).length, isHit ? 0 : 1, address);
      }
      await server.close(0);
      await kit.close();
    });
  }

  test('who is full in a part of the store where nobody else is: nothing stays there', async () => {
    const uploads = new Set<unknown>();
    const kit = await openTestDomain({ wrapStore: (store) => watchingUploads(store, uploads), shards: 2 });
    const server = await openTestLmtp({ domain: kit.domain });
    const people: string[] = [];
    for (const quota of [{}, { bytes: 1000 }, {}, { bytes: 1000 }]) {
      people.push((await kit.addAccount(`user${people.length}@example.com`, 'secret', quota)).address);
    }
    const client = await lmtpStartData(server, people);
    client.send('Subject: large\r\n\r\n', Buffer.alloc(200_000, 'x'), '\r\n.\r\n');
    assert.deepEqual(await client.codes(4), ['250 2.0.0', '452 4.2.2', '250 2.0.0', '452 4.2.2']);
    assert.equal(uploads.size, 0);
    await server.close(0);
    await kit.close();
  });
});

describe('an address that leads to several', () => {
  const FULL = 'full@example.com';
  const people = ['ann@example.com', 'bob@example.com', FULL];

  async function withTeam(
    run: (kit: TestDomain, send: (...to: string[]) => Promise<readonly string[]>) => Promise<void>,
    options: { readonly overQuota?: 'reject' } = {},
  ): Promise<void> {
    const kit = await openTestDomain();
    for (const address of people)
      await kit.addAccount(address, 'secret', address === FULL ? { messages: 1 } : {});
    const { domains } = kit.store.directory;
    await domains.changeAlias('team@example.com', { added: [...people, 'bob+x@example.com'], createdMs: 1 });
    const server = await openTestLmtp({ domain: kit.domain, ...options });
    await run(kit, async (...to) => {
      const client = await lmtpHello(server);
      client.send('MAIL FROM:<a@example.org>\r\n', ...to.map((one) => `RCPT TO:<${one}>\r\n`));
      const [, ...asked] = await client.codes(1 + to.length);
      const taken = asked.filter((code) => code.startsWith('250')).length;
      if (taken === 0) return asked;
      client.send('DATA\r\n');
      await client.codes(1);
      client.send('Subject: x\r\n\r\nx\r\n.\r\n');
      return [...asked, ...(await client.codes(taken))];
    });
    await server.close(0);
    await kit.close();
  }

  const counts = async (kit: TestDomain): Promise<number[]> =>
    Promise.all(people.map(async (address) => (await kit.messagesOf(address)).length));

  test('is one recipient: one reply, a copy for each, by the name that the sender knows', () =>
    withTeam(async (kit, send) => {
      const codes = await send('Team+news@example.com', 'nobody@example.com', 'ann@example.com');
      assert.deepEqual(codes, ['250 2.1.5', '550 5.1.1', '250 2.1.5', '250 2.0.0', '250 2.0.0']);
      assert.deepEqual(await counts(kit), [2, 1, 1]);
      const [message] = await kit.messagesOf('bob@example.com');
      assert.match(String(message), /^Delivered-To: Team\+news@example\.com$/im);
    }));

  test('who is full keeps nobody waiting: his copy is with the queue', () =>
    withTeam(async (kit, send) => {
      assert.deepEqual(await send(FULL), ['250 2.1.5', '250 2.0.0']);
      const [asked, outcome = ''] = await send('team@example.com');
      assert.deepEqual([asked, outcome.slice(0, 3)], ['250 2.1.5', '250']);
      assert.deepEqual(await counts(kit), [1, 1, 1]);
      const { id } = await kit.admin.accountOf(FULL);
      assert.equal(await kit.store.outgoing.countRecipients(id, 9), 1);
      assert.deepEqual(await send(FULL), ['452 4.2.2'], 'alone he waits');
    }));

  test('who cannot have it for good is left out', () =>
    withTeam(
      async (kit, send) => {
        await send(FULL);
        assert.deepEqual(await send('team@example.com'), ['250 2.1.5', '250 2.0.0']);
        assert.deepEqual(await counts(kit), [1, 1, 1]);
        assert.deepEqual(await send(FULL), ['552 5.2.2']);
      },
      { overQuota: 'reject' },
    ));

  test('mail that goes elsewhere alone is taken, also where the postmaster is elsewhere', () =>
    withTeam(async (kit, send) => {
      const { domains } = kit.store.directory;
      for (const name of ['postmaster', 'out'])
        await domains.changeAlias(`${name}@example.com`, { added: ['x@elsewhere.example'], createdMs: 1 });
      assert.deepEqual(await send('out@example.com'), ['250 2.1.5', '250 2.1.5']);
      assert.deepEqual(await send('Postmaster@example.com'), ['250 2.1.5', '250 2.1.5']);
      const { id } = await kit.admin.accountOf(people[0] as string);
      assert.equal(await kit.store.outgoing.countRecipients(id, 9), 2);
    }));

  test('an alias that goes while a message comes: what was taken is delivered, nothing more is taken', () =>
    withTeam(async (kit) => {
      const server = await openTestLmtp({ domain: kit.domain });
      const client = await lmtpStartData(server, ['team@example.com']);
      client.send('Subject: on its way\r\n\r\n');
      const gone = { dropped: 'all', createdMs: 1 } as const;
      await kit.store.directory.domains.changeAlias('team@example.com', gone);
      await kit.admin.removeAccount((await kit.admin.accountOf('ann@example.com')).id);
      client.send('x\r\n.\r\n', 'MAIL FROM:<a@example.org>\r\nRCPT TO:<team@example.com>\r\n');
      assert.deepEqual(await client.codes(3), ['250 2.0.0', '250 2.1.0', '550 5.1.1']);
      assert.equal((await kit.messagesOf('bob@example.com')).length, 1);
      await server.close(0);
    }));
});
