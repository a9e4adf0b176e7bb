/** Domains and aliases as a person types them, beside a running server of several workers and without one. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { record, startDns, type TestDns } from '../kit/dns.ts';
import { LineClient } from '../kit/line-client.ts';
import { type CommandResult, runCommand, startServer } from '../kit/server.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-cli-domains-'));
after(() => rmSync(root, { recursive: true, force: true }));

type Cli = (args: readonly string[], input?: string) => Promise<CommandResult>;

const published = new Map<string, string[]>();
let dns: TestDns;
before(async () => {
  dns = await startDns({
    behaviour: ({ name, type }) => {
      const texts = type === 'TXT' ? published.get(name) : undefined;
      return texts === undefined ? { rcode: 3 } : { answers: [record(name, 'TXT', texts)] };
    },
  });
});
after(() => dns.close());

const settings = () => ({ hostname: 'mail.example.org', 'dns.servers': `127.0.0.1:${dns.port}` });

async function everyVerb(cli: Cli): Promise<void> {
  for (const name of ['anna', 'bo'])
    assert.equal(
      (await cli(['account', 'add', `${name}@example.org`, '--password-stdin'], 'secret\n')).code,
      0,
    );
  const added = await cli(['domain', 'add', 'bücher.example', '--catch-all', 'bo@example.org']);
  assert.equal(added.code, 0, added.stderr);
  const [said, ...lines] = added.stdout.trimEnd().split('\n');
  assert.equal(said, 'added bücher.example');
  assert.ok(lines.includes('xn--bcher-kva.example. IN MX 10 mail.example.org.'), added.stdout);
  assert.match(added.stderr, /listen\.smtp is off/);
  const keys = lines.flatMap(
    (line) => /^(b\d{6}[re]\._domainkey\.\S+)\. IN TXT (.*)$/.exec(line)?.slice(1, 3) ?? [],
  );
  assert.equal(keys.length, 4, added.stdout);
  assert.ok(!/PRIVATE/.test(added.stdout + added.stderr));
  assert.match((await cli(['domain', 'add', 'bücher.example'])).stderr, /is here already/);
  assert.match(
    (await cli(['domain', 'add', 'x.example', '--alias-of', 'y.example'])).stderr,
    /domain add y\.example/,
  );
  const short = await cli(['domain', 'add', 'short.example', '--alias-of', 'example.org', '--json']);
  const { name, rest, records } = JSON.parse(short.stdout) as {
    name: string;
    rest: string[];
    records: string[];
  };
  assert.deepEqual([name, rest, records.length > 3], ['short.example', ['@example.org'], true]);

  const listed = await cli(['domain', 'list']);
  assert.match(
    listed.stdout,
    /^bücher\.example +0 +0 +b\d{6}e \(waits for the DNS\), .* goes to bo@example\.org$/m,
  );
  assert.match(listed.stdout, /^example\.org +2 +0 +nothing: never added +is refused$/m);
  assert.match(listed.stdout, /^short\.example .* goes to the same name at example\.org$/m);

  const before = await cli(['domain', 'check', 'bücher.example']);
  assert.match(before.stdout, /^warn +dkim: b\d{6}r\._domainkey\.xn--bcher-kva\.example TXT: none$/m);
  for (let i = 0; i < keys.length; i += 2)
    published.set(
      keys[i] as string,
      [...(keys[i + 1] as string).matchAll(/"([^"]*)"/g)].map(([, text]) => text as string),
    );
  const checked = await cli(['domain', 'check', 'bücher.example']);
  assert.match(
    checked.stdout,
    /^ok +dkim: b\d{6}r\._domainkey\.xn--bcher-kva\.example TXT: there, and it signs$/m,
  );
  const rotated = await cli(['domain', 'rotate', 'bücher.example']);
  assert.match(
    rotated.stdout,
    /^b\d{6}r2\._domainkey\.xn--bcher-kva\.example\. IN TXT \( "v=DKIM1; k=rsa; /m,
  );
  assert.equal(
    (await cli(['domain', 'rotate', 'bücher.example'])).stdout,
    rotated.stdout,
    'no others while these wait',
  );

  const alias = (...args: readonly string[]) => cli(['alias', ...args]);
  assert.equal(
    (await alias('add', 'Info@example.org', 'anna@example.org')).stdout,
    'info@example.org leads to anna@example.org\n',
  );
  assert.match(
    (await alias('add', 'info@example.org', 'bo@example.org')).stdout,
    /^added bo@example\.org; info/,
  );
  assert.match(
    (await alias('add', 'x@example.org', 'nobody@example.org')).stderr,
    /nobody here has the address/,
  );
  assert.match(
    (await alias('list')).stdout,
    /^info@example\.org +anna@example\.org, bo@example\.org +2 accounts$/m,
  );
  assert.match(
    (await alias('remove', 'info@example.org', 'bo@example.org')).stdout,
    /leads to anna@example\.org$/m,
  );
  assert.match((await alias('remove', 'info@example.org', 'bo@example.org')).stderr, /does not lead to bo@/);
  assert.match((await cli(['account', 'add', 'info@example.org', '--generate'])).stderr, /is an alias/);
  const sendAs = (value: string) => cli(['account', 'set', 'anna@example.org', 'submission.send_as', value]);
  for (const wrong of ['boss', '@', 'a@b.example c', 'a@b@c'])
    assert.match((await sendAs(wrong)).stderr, /expected addresses such as/, wrong);
  assert.equal((await sendAs('Boss@example.org, *@example.net')).code, 0);
  const gone = await cli(['account', 'remove', 'bo@example.org', '--yes']);
  assert.match(
    (await cli(['domain', 'list'])).stdout,
    /^bücher\.example .* is refused: nobody has bo@example\.org$/m,
  );
  assert.match(gone.stderr, /^@bücher\.example leads nowhere now, and its mail is refused/m);
  assert.match(
    (await cli(['domain', 'remove', 'example.org', '--yes'])).stderr,
    /has its address in example\.org/,
  );
  assert.equal((await cli(['domain', 'remove', 'bücher.example'])).code, 2, 'asks before it removes');
  const removed = await cli(['domain', 'remove', 'bücher.example', '--yes']);
  assert.equal(removed.stdout, 'removed bücher.example with 1 alias\n');
  published.clear();
}

describe('domains and aliases', { timeout: 240_000 }, () => {
  test('without a server', async () => {
    const data = join(root, 'alone');
    const set = Object.entries(settings()).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    await everyVerb((args, input) => runCommand([...args, '--data', data, ...set], input));
  });

  test('beside one of three workers; what is changed holds for the next recipient, whoever takes it', async () => {
    const server = await startServer({
      workers: 3,
      config: { ...settings(), 'auth.default_domain': 'example.org' },
    });
    try {
      const set = Object.entries(settings()).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
      const cli: Cli = (args, input) => server.cli([...args, ...set], input);
      await everyVerb(cli);
      for (const name of ['carl', 'dora', 'emil'])
        await cli(['account', 'add', `${name}@example.org`, '--password-stdin'], 'secret\n');
      const people = ['anna', 'carl', 'dora', 'emil'].map((name) => `${name}@example.org`);
      assert.equal((await cli(['alias', 'add', 'team', ...people])).code, 0);
      for (let door = 0; door < 6; door++) {
        const client = await LineClient.connect(server.port('lmtp'));
        client.send(
          'LHLO x\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<team@short.example>\r\nRCPT TO:<no@short.example>\r\n',
        );
        assert.deepEqual((await client.codes(5)).slice(2), ['250 2.1.0', '250 2.1.5', '550 5.1.1']);
        client.send(`DATA\r\nSubject: ${door}\r\n\r\nx\r\n.\r\nQUIT\r\n`);
        assert.deepEqual((await client.codes(2))[1], '250 2.0.0');
        await client.ended();
      }
      const accounts = (await cli(['account', 'list', '--json'])).stdout.trim().split('\n');
      const used = accounts.map((line) => (JSON.parse(line) as { usedMessages: number }).usedMessages);
      assert.deepEqual(
        used,
        people.map(() => 6),
      );
      assert.equal((await cli(['queue', 'pause'])).code, 0);
      // Each of them is full in turn: nobody waits for them, wherever they are.
      for (const address of people) {
        await cli(['account', 'quota', address, 'none', '--messages', '6']);
        const client = await LineClient.connect(server.port('lmtp'));
        client.send('LHLO x\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<team@example.org>\r\nDATA\r\n');
        assert.equal((await client.codes(5))[3], '250 2.1.5');
        client.send(`Subject: but ${address}\r\n\r\nx\r\n.\r\nQUIT\r\n`);
        assert.match((await client.codes(1))[0] ?? '', /^250 /);
        await client.ended();
        const queued = await cli(['queue', 'list', '--account', address, '--json']);
        assert.ok(queued.stdout.includes(`"${address}"`), queued.stdout + queued.stderr);
        await cli(['account', 'quota', address, 'none', '--messages', 'none']);
      }
      const on = await cli(['alias', 'add', 'on', 'carl', 'Carl.Z@Elsewhere.example']);
      assert.equal(on.stdout, 'on@example.org leads to carl@example.org, Carl.Z@elsewhere.example\n');
      const sender = await LineClient.connect(server.port('lmtp'));
      sender.send('LHLO x\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<on@example.org>\r\nDATA\r\n');
      await sender.codes(5);
      sender.send('Subject: on\r\n\r\nx\r\n.\r\nQUIT\r\n');
      assert.equal((await sender.codes(1))[0], '250 2.0.0');
      await sender.ended();
      assert.match((await cli(['queue', 'list', '--json'])).stdout, /"Carl\.Z@elsewhere\.example"/);
      await cli(['alias', 'remove', 'team']);
      const client = await LineClient.connect(server.port('lmtp'));
      client.send('LHLO x\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<team@example.org>\r\nQUIT\r\n');
      assert.ok((await client.codes(4)).includes('550 5.1.1'));
      await client.ended();
    } finally {
      await server.stop();
    }
  });
});
