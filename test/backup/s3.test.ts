/** A set in a bucket of a real server of S3: what a place promises, and a backup that goes there and comes back. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BackupError } from '../../src/backup/backup-error.ts';
import { sourceOf } from '../../src/backup/file-source.ts';
import type { Place } from '../../src/backup/place.ts';
import { readWhole } from '../../src/backup/place.ts';
import { lockSet } from '../../src/backup/set-lock.ts';
import { needs } from '../clients/program.ts';
import { runProcess, startServer } from '../kit/server.ts';
import { furnish, mailOf, PEOPLE, seenBy } from './house.ts';
import { KEYS, type Swift, startSwift } from './swift.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-s3-'));
after(() => rmSync(root, { recursive: true, force: true }));
const MANY = 1_000_000;

async function names(place: Place, prefix: string): Promise<readonly string[]> {
  return (await Array.fromAsync(place.list(prefix))).map(({ name }) => name).sort();
}

const failsWith = (code: string) => (error: unknown) => error instanceof BackupError && error.code === code;

const SWIFT = needs(
  'swift-proxy-server',
  'swift-account-server',
  'swift-container-server',
  'swift-object-server',
);

describe('a bucket', SWIFT, () => {
  let swift: Swift;
  before(async () => {
    swift = await startSwift();
  });
  after(() => swift?.stop());

  it('keeps, lists, gives and removes objects', { timeout: 120_000 }, async () => {
    const place = swift.place({ prefix: 'a/b', partBytes: 70_000 });
    const octets = [Buffer.alloc(0), randomBytes(10), randomBytes(70_001), randomBytes(200_000)];
    for (const [i, one] of octets.entries()) await place.put(`objects/0${i}/${i}`, sourceOf(one));
    assert.deepEqual(await names(place, 'objects/'), [
      'objects/00/0',
      'objects/01/1',
      'objects/02/2',
      'objects/03/3',
    ]);
    const sizes = (await Array.fromAsync(place.list(''))).map(({ bytes }) => bytes);
    assert.deepEqual(
      sizes,
      octets.map(({ length }) => length),
    );
    for (const [i, one] of octets.entries())
      assert.ok((await readWhole(place, `objects/0${i}/${i}`, MANY)).equals(one), String(i));
    assert.deepEqual(await names(swift.place({ prefix: 'a' }), 'objects/'), []);
    await assert.rejects(readWhole(place, 'objects/zz', MANY), failsWith('missing'));
    await place.remove('objects/00/0');
    await place.remove('objects/00/0');
    assert.equal((await names(place, '')).length, 3);
    for (const name of await names(place, '')) await place.remove(name);
  });

  it('takes nothing that is not what was measured', { timeout: 120_000 }, async () => {
    const place = swift.place({ prefix: 'wrong', partBytes: 5000 });
    for (const length of [100, 20_000]) {
      const source = sourceOf(randomBytes(length));
      const other = { ...source, open: () => sourceOf(randomBytes(length)).open() };
      await assert.rejects(place.put('objects/x', other), BackupError);
    }
    assert.deepEqual(await names(place, ''), []);
  });

  it('is locked by one at a time', { timeout: 120_000 }, async () => {
    const place = swift.place({ prefix: 'locked' });
    const lock = await lockSet(place);
    await assert.rejects(lockSet(swift.place({ prefix: 'locked' })), failsWith('busy'));
    await lock.release();
    await (await lockSet(place)).release();
  });

  it('is read on where the connection was lost', { timeout: 120_000 }, async () => {
    const octets = randomBytes(300_000);
    await swift.place().put('cut', sourceOf(octets));
    let cuts = 0;
    const { port } = new URL(swift.endpoint);
    const proxy = createTcp((client) => {
      const server = connect(Number(port), '127.0.0.1');
      let passed = 0;
      client.pipe(server);
      for (const one of [client, server]) one.on('error', () => {});
      server.on('data', (piece) => {
        passed += piece.length;
        client.write(piece);
        if (passed < 100_000 || cuts >= 2) return;
        cuts++;
        client.destroy();
        server.destroy();
      });
      server.on('end', () => client.end());
    });
    await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
    const place = swift.place({ endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
    assert.ok((await readWhole(place, 'cut', MANY)).equals(octets));
    assert.equal(cuts, 2);
    await new Promise((closed) => proxy.close(closed));
  });

  it('that fails for a while is asked again, and its words are told', { timeout: 120_000 }, async () => {
    let asked = 0;
    const server = createServer((request, response) => {
      asked++;
      request.resume();
      response.writeHead(asked < 3 ? 503 : 403);
      response.end('<Error><Code>AccessDenied</Code><Message>go away</Message></Error>');
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const place = swift.place({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    await assert.rejects(place.put('x', sourceOf(Buffer.from('x'))), (error: Error) => {
      assert.match(error.message, /403 \(AccessDenied: go away\)/);
      assert.doesNotMatch(error.message, /testing/);
      return true;
    });
    assert.equal(asked, 3);
    server.close();
  });

  it('has a backup of a server in it, which comes back', { timeout: 300_000 }, async () => {
    const data = join(root, 'data');
    const env = {
      AWS_ACCESS_KEY_ID: KEYS.accessKey,
      AWS_SECRET_ACCESS_KEY: KEYS.secretKey,
      AWS_ENDPOINT_URL: swift.endpoint,
    };
    let server = await startServer({ data });
    await furnish(server);
    const where = 's3://mail/office/one';
    const run = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runProcess(args, '', env);
      assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
      assert.ok(!`${stdout}${stderr}`.includes(KEYS.secretKey));
      return stdout;
    };
    await run('backup', where, '--data', data);
    const mail = await seenBy(server, PEOPLE[0]);
    const second = JSON.parse(await run('backup', where, '--data', data, '--keep', '1', '--json'));
    assert.equal(second.removedSnapshots, 1);
    assert.match(await run('backup', where, '--verify'), /: no problems/);
    await server.stop();
    const to = join(root, 'restored');
    assert.match(await run('restore', where, '--data', to), /: no problems/);
    server = await startServer({ data: to });
    assert.deepEqual(mailOf(await seenBy(server, PEOPLE[0])), mailOf(mail));
    await server.stop();
    const wrong = await runProcess(['backup', where, '--list'], '', {
      ...env,
      AWS_SECRET_ACCESS_KEY: 'other',
    });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /403 .*look at the keys/);
    const none = await runProcess(['backup', where, '--list'], '', { AWS_ENDPOINT_URL: swift.endpoint });
    assert.equal(none.code, 2);
    assert.match(none.stderr, /the keys to the bucket are missing/);
    assert.equal((await runProcess(['backup', 's3://', '--list'], '', env)).code, 2);
  });
});
