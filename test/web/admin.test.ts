/** The administration over HTTP, at a real server: what an administrator can do, and what everybody else gets, which is nothing. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ImapClient } from '../imap-client.ts';
import { startServer, type TestServer } from '../kit/server.ts';

const BOSS = 'boss@example.org';
const ANN = 'ann@example.org';
const PASSWORD = 'correct-horse-battery';
const SAME = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' };
const NOTHING = 'There is nothing here.\n';
/** Of whatever shape, as JSON is: what is asked of it says what it has to be. */
type Answer = ReturnType<typeof JSON.parse>;

interface Reply {
  readonly status: number;
  readonly value: Answer;
  readonly text: string;
}

class Caller {
  readonly origin: string;
  cookie = '';

  constructor(origin: string) {
    this.origin = origin;
  }

  async post(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Reply> {
    const response = await fetch(this.origin + path, {
      method: 'POST',
      headers: { ...SAME, connection: 'close', ...(this.cookie && { cookie: this.cookie }), ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const set = response.headers.get('set-cookie');
    if (set !== null) this.cookie = set.split(';')[0] ?? '';
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
    return { status: response.status, text, value: isJson ? JSON.parse(text) : undefined };
  }

  async signIn(address: string, password = PASSWORD): Promise<this> {
    const { status } = await this.post('/web/sign-in', { address, password, isOwnDevice: false });
    assert.equal(status, 200);
    return this;
  }

  act(name: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Reply> {
    return this.post(`/web/admin/${name}`, body, headers);
  }

  async ok(name: string, body: unknown = {}): Promise<Answer> {
    const { status, text, value } = await this.act(name, body);
    assert.ok(status === 200 || status === 204, `${name}: ${status} ${text}`);
    return value;
  }

  async proof(): Promise<string> {
    return (await this.ok('prove', { password: PASSWORD })).proof;
  }
}

for (const workers of [1, 3]) {
  describe(`administration of ${workers === 1 ? 'one process' : `${workers} workers`}`, {
    timeout: 240_000,
  }, () => {
    let server: TestServer;
    let boss: Caller;
    const caller = (): Caller => new Caller(`http://127.0.0.1:${server.port('http')}`);
    before(async () => {
      server = await startServer({
        ...{ workers, config: { 'auth.default_domain': 'example.org', 'auth.fail_delay': '10ms' } },
      });
      await cli('account', 'add', BOSS, '--password-stdin', '--admin');
      await cli('account', 'add', ANN, '--password-stdin');
      boss = await caller().signIn(BOSS);
    });
    after(() => server.stop());

    async function cli(...args: string[]): Promise<string> {
      const { code, stdout, stderr } = await server.cli(args, PASSWORD);
      assert.equal(code, 0, stderr);
      return stdout;
    }

    test('whoever is no administrator gets nothing, whatever is asked and whether it is there', async () => {
      const ann = await caller().signIn(ANN);
      const asked: [string, unknown, Record<string, string>?][] = [
        ['accounts', {}],
        ['account', { address: BOSS }],
        ['account', { address: 'nobody@example.org' }],
        ['account', 'no json'],
        ['no-such-thing', {}],
        ['prove', { password: PASSWORD }],
        ['account/role', { address: ANN, isAdmin: true, proof: await boss.proof() }],
        ['queue/change', { what: 'drop', ids: ['1-1'] }],
        ['../session', {}],
      ];
      for (const [name, body, headers] of asked.slice(0, -1)) {
        const { status, text } = await ann.act(name, body, headers);
        assert.deepEqual([status, text], [404, NOTHING], name);
      }
      const stranger = await caller().act('accounts');
      assert.deepEqual([stranger.status, stranger.value], [401, { error: 'signed-out' }]);
      assert.equal((await caller().act('no-such-thing')).status, 401);
      const api = await caller().act(
        'accounts',
        {},
        { authorization: `Basic ${btoa(`${BOSS}:${PASSWORD}`)}` },
      );
      assert.equal(api.status, 401, 'the password of a mail program is not enough');
      assert.match(await cli('activity', ANN), /administration refused/);
      assert.equal((await boss.act('no-such-thing')).status, 404);
    });

    test('no other site can ask in the name of an administrator', async () => {
      const elsewhere: Record<string, string>[] = [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { 'content-type': 'text/plain' },
        { 'content-type': 'application/x-www-form-urlencoded' },
      ];
      for (const headers of elsewhere)
        assert.equal((await boss.act('accounts', {}, headers)).status, 403, JSON.stringify(headers));
      const get = await fetch(`${boss.origin}/web/admin/accounts`, {
        headers: { ...SAME, cookie: boss.cookie },
      });
      assert.equal(get.status, 405);
    });

    test('a role that is taken away is gone with the next request, in every open tab', async () => {
      await cli('account', 'add', 'deputy@example.org', '--password-stdin', '--admin');
      const tabs = await Promise.all([1, 2, 3].map(() => caller().signIn('deputy@example.org')));
      const proofs = await Promise.all(tabs.map((tab) => tab.proof()));
      for (const tab of tabs) assert.equal((await tab.act('accounts')).status, 200);
      const proof = await boss.proof();
      await boss.ok('account/role', { address: 'deputy@example.org', isAdmin: false, proof });
      for (const [i, tab] of tabs.entries()) {
        assert.equal((await tab.act('accounts')).status, 404);
        const again = { address: 'deputy@example.org', isAdmin: true, proof: proofs[i] };
        assert.equal((await tab.act('account/role', again)).status, 404);
      }
      await boss.ok('account/access', { address: 'deputy@example.org', isOpen: false, proof });
      for (const tab of tabs) assert.equal((await tab.act('accounts')).status, 401);
    });

    test('what is dangerous needs the password, typed a moment ago, in the same session', async () => {
      const thief = caller();
      thief.cookie = boss.cookie;
      const dangerous: [string, object][] = [
        ['account/password', { address: ANN, password: 'another password' }],
        ['account/link', { address: ANN }],
        ['account/role', { address: ANN, isAdmin: true }],
        ['account/remove', { address: ANN }],
        ['domain/remove', { name: 'example.org' }],
        ['accounts/add', { address: 'thief' }],
        ['account/access', { address: ANN, isOpen: false }],
        ['aliases/add', { address: 'info@example.org', targets: [ANN] }],
        ['aliases/drop', { address: 'info@example.org', targets: 'all' }],
      ];
      const other = await (await caller().signIn(BOSS)).proof();
      for (const [name, body] of dangerous) {
        for (const proof of [undefined, '', 'x', other, `${Date.now() + 60_000}.${'A'.repeat(43)}`]) {
          const { status, value } = await thief.act(name, { ...body, ...(proof !== undefined && { proof }) });
          assert.deepEqual([status, value], [403, { error: 'prove' }], `${name} ${proof}`);
        }
      }
      assert.equal((await thief.act('prove', { password: 'wrong' })).status, 401);
      const app = /^password (\S+)$/m.exec(
        await cli('account', 'apppass', 'add', BOSS, '--name', 'Phone'),
      )?.[1];
      assert.equal((await thief.act('prove', { password: app })).status, 401);
      await caller().signIn(ANN);
    });

    test('accounts are found, made, bounded and taken away; what was done is written down on both sides', async () => {
      const proof = await boss.proof();
      const add = (address: string, password: string) =>
        boss.act('accounts/add', { address, password, proof });
      const made = await boss.ok('accounts/add', {
        proof,
        address: 'carl',
        password: PASSWORD,
        quotaBytes: 1_000_000,
      });
      assert.equal(made.address, 'carl@example.org');
      const twice = await add('CARL@example.org', PASSWORD);
      assert.deepEqual([twice.status, twice.value.error], [409, 'exists']);
      assert.equal((await add('a b', PASSWORD)).status, 422);
      assert.equal((await add('dora', 'short')).status, 400);
      const found = await boss.ok('accounts', { search: 'CARL' });
      assert.deepEqual([found.total, found.accounts[0].quotaBytes], [1, 1_000_000]);
      assert.equal(found.accounts[0].settings, undefined, 'what a person has chosen is not shown');
      await boss.ok('account/quota', { address: 'carl@example.org', bytes: 'none' });
      await boss.ok('account/retention', { address: 'carl@example.org', which: 'retention.trash', days: 90 });
      const carl = await boss.ok('account', { address: 'carl' });
      assert.deepEqual([carl.quotaBytes, carl.retention], [undefined, { 'retention.trash': '90d' }]);
      await cli('account', 'apppass', 'add', 'carl@example.org', '--name', 'Phone');
      const [phone] = (await boss.ok('account', { address: 'carl@example.org' })).appPasswords;
      assert.deepEqual(Object.keys(phone).sort(), ['createdMs', 'name', 'number']);
      await boss.ok('account/app-passwords/revoke', { address: 'carl@example.org', number: phone.number });
      await boss.ok('account/password', { address: 'CARL@example.org', password: 'another password', proof });
      await caller().signIn('carl@example.org', 'another password');
      await boss.ok('account/remove', { address: 'carl@example.org', proof });
      const gone = await boss.act('account', { address: 'carl@example.org' });
      assert.deepEqual([gone.status, gone.value.error], [404, 'nonexistent']);
      const theirs = await cli('activity', 'carl@example.org');
      assert.match(theirs, /administered {2}did="password set" service=web .*by=boss@example\.org/);
      assert.match(theirs, /did="account removed"/);
      const own = await cli('activity', BOSS);
      assert.match(own, /administered {2}did="quota changed" bytes=none .*to=carl@example\.org/);
      assert.doesNotMatch(server.log + theirs + own, /another password/);
      assert.doesNotMatch(server.log, new RegExp(proof));
    });

    test('a person without a password gets a link; nobody shuts themselves out', async () => {
      const proof = await boss.proof();
      const { token } = await boss.ok('accounts/add', { address: 'eva', proof });
      const eva = caller();
      assert.equal((await eva.post('/web/sign-in-link', { token })).status, 200);
      assert.equal((await eva.post('/web/password', { new: 'chosen by herself' })).status, 204);
      await caller().signIn('eva@example.org', 'chosen by herself');
      const link = await boss.ok('account/link', { address: 'eva@example.org', proof });
      assert.equal((await caller().post('/web/sign-in-link', { token: link.token })).status, 200);
      const own: [string, object][] = [
        ['account/access', { address: 'Boss@Example.org', isOpen: false, proof }],
        ['account/role', { address: BOSS, isAdmin: false, proof }],
        ['account/remove', { address: BOSS, proof }],
      ];
      for (const [name, body] of own) assert.equal((await boss.act(name, body)).status, 422, name);
    });

    test('two at once: each is done or told why not, and nothing is half done', async () => {
      const other = await caller().signIn(BOSS);
      const [mine, theirs] = [await boss.proof(), await other.proof()];
      const address = 'frank@example.org';
      await boss.ok('accounts/add', { address, password: PASSWORD, proof: mine });
      const replies = await Promise.all([
        boss.act('account/remove', { address, proof: mine }),
        other.act('account/remove', { address, proof: theirs }),
        other.act('account/quota', { address, bytes: 1000 }),
        boss.act('account/link', { address, proof: mine }),
        boss.act('accounts/add', { address, password: PASSWORD, proof: mine }),
      ]);
      for (const { status, text } of replies)
        assert.ok([200, 204, 404, 409].includes(status), `${status} ${text}`);
      const left = await boss.act('account', { address });
      const isBack = replies.at(-1)?.status === 200;
      assert.equal(left.status, isBack ? 200 : 404);
      const many = await Promise.all(Array.from({ length: 60 }, () => other.act('accounts')));
      for (const { status } of many) assert.ok(status === 200 || status === 429, `${status}`);
    });

    test('very many accounts come in pages', async () => {
      const file = `${server.data}/many.csv`;
      const { writeFile } = await import('node:fs/promises');
      const hash = '{SHA256}XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg=';
      const rows = Array.from(
        { length: 300 },
        (_, i) => `many${String(i).padStart(3, '0')}@example.org,${hash}`,
      );
      await writeFile(file, `address,password\n${rows.join('\n')}\n`);
      await cli('account', 'import', file);
      const seen: string[] = [];
      for (let after: string | undefined; ; after = seen.at(-1)) {
        const page = await boss.ok('accounts', { search: 'MANY', ...(after && { after }) });
        assert.equal(page.total, 300);
        if (page.accounts.length === 0) break;
        seen.push(...page.accounts.map(({ address }: Answer) => address));
      }
      assert.deepEqual(
        seen,
        rows.map((row) => row.split(',')[0]),
      );
      const admins = await boss.ok('accounts', { standing: 'admin' });
      assert.deepEqual(
        admins.accounts.map(({ address }: Answer) => address),
        [BOSS],
      );
    });

    test('domains and addresses that lead to others', async () => {
      await boss.ok('domains/add', { name: 'example.net' });
      const { domains } = await boss.ok('domains');
      assert.deepEqual(domains.map(({ name }: Answer) => name).sort(), ['example.net', 'example.org']);
      assert.doesNotMatch(JSON.stringify(domains), /privateKey|PRIVATE/);
      const proof = await boss.proof();
      const added = await boss.ok('aliases/add', { address: 'info@example.net', targets: [ANN], proof });
      assert.equal(added.alias.accounts, 1);
      assert.equal((await boss.ok('aliases', { domain: 'example.net' })).total, 1);
      const wrong = await boss.act('aliases/add', {
        address: 'info@example.net',
        targets: ['nobody@example.org'],
        proof,
      });
      assert.deepEqual([wrong.status, wrong.value.error], [404, 'nonexistent']);
      await boss.ok('domain/rotate', { name: 'example.net' });
      assert.equal((await boss.ok('domain/remove', { name: 'example.net', proof })).aliases, 1);
      assert.equal((await boss.act('domain/remove', { name: 'example.org', proof })).status, 422);
      assert.equal((await boss.act('domain', { name: 'example.net' })).status, 404);
    });

    test('who is connected is seen and sent away; sign-ins are listed, good and bad', async () => {
      const phone = await ImapClient.signIn(server.port('imap'), ANN, PASSWORD);
      const { connections } = await boss.ok('connections');
      const one = connections.find(({ service, account }: Answer) => service === 'imap' && account === ANN);
      assert.ok(one);
      await boss.ok('connections/end', { id: one.id });
      await phone.ended();
      assert.equal((await boss.act('connections/end', { id: one.id })).status, 404);
      await caller().post('/web/sign-in', { address: ANN, password: 'wrong', isOwnDevice: false });
      const { events } = await boss.ok('sign-ins');
      const [last] = events;
      assert.deepEqual([last.what, last.account], ['wrong name or password', ANN]);
      assert.ok(events.some(({ what, account }: Answer) => what === 'signed in' && account === ANN));
      const state = await boss.ok('server');
      assert.equal(state.certificates[0].isSelfSigned, true);
      assert.ok(state.health.checks.length > 0);
    });

    test('deleted mail is counted and brought back, and nothing of it is shown', async () => {
      const client = await ImapClient.signIn(server.port('imap'), ANN, PASSWORD);
      await client.ok(
        'APPEND INBOX {30+}\r\nSubject: a secret plan\r\n\r\nxxxx\r\n'.replace('{30+}', '{32+}'),
      );
      await client.ok('SELECT INBOX');
      await client.ok('STORE 1:* +FLAGS (\\Deleted)');
      await client.ok('EXPUNGE');
      const before = await boss.act('account/deleted', { address: ANN });
      assert.equal(before.value.messages, 1, before.text);
      assert.doesNotMatch(before.text, /secret plan/);
      assert.deepEqual((await boss.ok('account/recover', { address: ANN })).messages, 1);
      const events = await boss.act('account/activity', { address: ANN });
      assert.doesNotMatch(events.text, /secret plan/);
    });
  });
}
