/**
 * What can happen to a backup: it is killed, the server is, two run at once, the disk is full, an octet is not what it was, the restore is killed.
 * What was whole before stays whole, and what is not is named.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeManifest } from '../../src/backup/manifest.ts';
import { openQueue } from '../kit/queue.ts';
import { runCommand, runProcess, spawnMain, startServer } from '../kit/server.ts';
import { letter } from './house.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-interrupted-'));
after(() => rmSync(root, { recursive: true, force: true }));
const ANN = 'anna@example.com';
const CONFIG = { 'log.level': 'warn' };
const TIMEOUT = { timeout: 300_000 };
const MESSAGES = 60;

let data = '';
/** A copy of it that no server has had. */
let waiting = '';
let set = '';
let n = 0;

/** Some ten megabytes in a segment, some in a pack, and mail that waits to leave. */
before(async () => {
  data = join(root, 'data');
  const kit = await openQueue({ testDomain: { data }, isStarted: false });
  await kit.send(['bo@example.org', 'cy@example.org'], { expiresMs: Date.now() + 3_600_000 });
  await kit.close();
  const mbox = join(root, 'mail.mbox');
  const from = 'From x Mon Jan  1 10:00:00 2024\n';
  const texts = Array.from({ length: MESSAGES }, (_, i) => letter(`m${i}`, i % 2 === 0 ? 200_000 : 900));
  writeFileSync(mbox, texts.map((text) => `${from}${text.replaceAll('\r\n', '\n')}\n`).join(''));
  for (const name of ['One', 'Two']) {
    const more = ['--account', ANN, '--mailbox', name, '--data', data];
    assert.equal((await runCommand(['import', 'mbox', mbox, ...more])).code, 0);
    if (name === 'One') assert.equal((await runCommand(['compact', '--data', data])).code, 0);
  }
  waiting = join(root, 'waiting');
  cpSync(data, waiting, { recursive: true });
});

beforeEach(() => {
  set = join(root, `set${n++}`);
});

const backUp = (...more: string[]) => runCommand(['backup', set, '--data', data, ...more]);
const verify = () => runCommand(['backup', set, '--verify']);
const snapshots = (): string[] =>
  existsSync(join(set, 'snapshots')) ? readdirSync(join(set, 'snapshots')) : [];

function objectsIn(folder: string): string[] {
  const names = existsSync(join(folder, 'objects'))
    ? readdirSync(join(folder, 'objects'), { recursive: true })
    : [];
  return names.map(String).filter((name) => name.includes('/'));
}

async function killedWhen(child: ChildProcess, isTime: () => boolean): Promise<boolean> {
  const exited = once(child, 'exit');
  while (!isTime() && child.exitCode === null) await sleep(1);
  const isKilled = child.exitCode === null;
  child.kill('SIGKILL');
  await exited;
  return isKilled;
}

describe('a backup', () => {
  it('that is killed at any moment is none, and the next one is whole', TIMEOUT, async () => {
    const whole = await backUp();
    assert.equal(whole.code, 0, whole.stderr);
    const total = objectsIn(set).length;
    rmSync(set, { recursive: true });
    for (let count = 0; count < total; count += Math.max(1, Math.floor(total / 4))) {
      const child = spawnMain(['backup', set, '--data', data]);
      await killedWhen(child, () => objectsIn(set).length > count);
      for (const name of snapshots()) decodeManifest(readFileSync(join(set, 'snapshots', name)), name);
    }
    const again = await backUp('--keep', '1');
    assert.equal(again.code, 0, again.stderr);
    const verified = await verify();
    assert.equal(verified.code, 0, verified.stdout);
    assert.deepEqual(
      objectsIn(set).filter((name) => name.endsWith('.part')),
      [],
    );
    assert.ok(!existsSync(join(set, 'lock')));
  });

  it('goes on when the server is killed beside it, or says so', TIMEOUT, async () => {
    for (const waits of [false, true]) {
      const server = await startServer({ data, config: CONFIG });
      const running = runProcess(['backup', set, '--data', data]);
      const isTime = () =>
        waits ? objectsIn(set).length > 1 : existsSync(join(data, 'shard-00', 'snapshot'));
      for (const endMs = performance.now() + 60_000; !isTime() && performance.now() < endMs; ) await sleep(1);
      await server.kill9();
      const { code, stderr } = await running;
      assert.ok(code === 0 || /lost|server/.test(stderr), stderr);
      const check = await runCommand(['check', '--data', data]);
      assert.equal(check.code, 0, check.stdout);
      assert.equal((await backUp()).code, 0);
      assert.equal((await verify()).code, 0);
      assert.ok(!existsSync(join(data, 'shard-00', 'snapshot')));
    }
  });

  it('is made by one at a time', TIMEOUT, async () => {
    assert.equal((await backUp()).code, 0);
    const holder = { token: 't', host: 'elsewhere', boot: '', pid: 1, atMs: Date.now() };
    writeFileSync(join(set, 'lock'), JSON.stringify(holder));
    const refused = await backUp();
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /another backup works on .*: process 1 on elsewhere/);
    writeFileSync(join(set, 'lock'), JSON.stringify({ ...holder, atMs: Date.now() - 3_600_000 }));
    assert.equal((await backUp()).code, 0);
    assert.equal(snapshots().length, 2);
  });

  it('goes into an empty folder or a set, and nowhere else', TIMEOUT, async () => {
    mkdirSync(set);
    writeFileSync(join(set, 'letter.txt'), 'mine');
    const refused = await backUp();
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /not empty, and what is in it is no backup/);
    assert.deepEqual(readdirSync(set), ['letter.txt']);
    assert.equal((await verify()).code, 2);
    for (const wrong of [
      ['--keep', '0'],
      ['--verify', '--keep', '2'],
      ['--at', '2026'],
      ['--list', '--reread'],
    ])
      assert.equal((await backUp(...wrong)).code, 2, wrong.join(' '));
  });

  it('says that there is no room, and leaves what was there', {
    ...TIMEOUT,
    skip: cannotMount(),
  }, async () => {
    mkdirSync(set);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', set]);
    try {
      assert.equal((await backUp()).code, 0);
      execFileSync('dd', ['if=/dev/zero', `of=${join(root, 'filler')}`, 'bs=1M', 'count=1'], {
        stdio: 'ignore',
      });
      const room = join(set, 'objects', '00');
      mkdirSync(room, { recursive: true });
      try {
        writeFileSync(join(room, 'ballast'), Buffer.alloc(64 * 1024 * 1024, 'x'));
      } catch {
        // it is full
      }
      const refused = await backUp('--reread');
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /there is no room for it/);
      rmSync(join(room, 'ballast'));
      assert.equal((await verify()).code, 0);
      assert.equal((await backUp('--keep', '1')).code, 0);
      assert.equal(snapshots().length, 1);
    } finally {
      execFileSync('umount', ['--lazy', set]);
    }
  });
});

describe('a backup with something wrong in it', () => {
  it('is named by file, whichever octet it is, and is not restored', TIMEOUT, async () => {
    assert.equal((await backUp()).code, 0);
    const [manifest = ''] = snapshots();
    const { files } = decodeManifest(readFileSync(join(set, 'snapshots', manifest)), manifest);
    for (const name of objectsIn(set)) {
      const path = join(set, 'objects', name);
      const whole = readFileSync(path);
      const broken = Buffer.from(whole);
      const at = Math.floor(Math.random() * broken.length);
      broken[at] = (broken[at] as number) ^ 0x10;
      writeFileSync(path, broken);
      const verified = await verify();
      const file = files.find(({ object }) => name.endsWith(object.sha256))?.path as string;
      assert.equal(verified.code, 1, `${file}, octet ${at}`);
      assert.ok(verified.stdout.includes(`problem: ${file} of `), verified.stdout);
      writeFileSync(path, whole);
    }
    assert.equal((await verify()).code, 0);
    const victim = files.find(({ path }) => path.endsWith('.pk')) ?? assert.fail('no pack');
    const path = join(set, 'objects', victim.object.sha256.slice(0, 2), victim.object.sha256);
    const whole = readFileSync(path);
    const to = join(root, `flipped${n}`);
    for (const [what, spoil] of [
      ['is not what was put there', () => writeFileSync(path, Buffer.from(whole).fill(0, 100, 101))],
      ['is not what was put there', () => writeFileSync(path, whole.subarray(0, 1000))],
      ['is not there', () => rmSync(path, { force: true })],
      ['is a link', () => symlinkSync('/etc/passwd', path)],
    ] as const) {
      spoil();
      const refused = await runCommand(['restore', set, '--data', to]);
      assert.equal(refused.code, 1, what);
      assert.ok(refused.stderr.includes(what) && refused.stderr.includes(path.slice(-64)), refused.stderr);
      const opened = await runCommand(['check', '--data', to]);
      assert.match(opened.stderr, /run "brevduva restore" again/);
      rmSync(path, { force: true });
    }
    writeFileSync(path, whole);
    assert.equal((await runCommand(['restore', set, '--data', to])).code, 0);
  });

  it(
    'a manifest that was changed or cut is no snapshot, and nothing is removed before somebody has looked',
    TIMEOUT,
    async () => {
      for (let count = 0; count < 3; count++) {
        assert.equal((await backUp()).code, 0);
        // Their names have seconds in them, and are sorted.
        await new Promise((resolve) => setTimeout(resolve, 1001));
      }
      const [first = '', second = '', third = ''] = snapshots().sort();
      const path = join(set, 'snapshots', second);
      const whole = readFileSync(path);
      const objects = objectsIn(set).length;
      for (const broken of [whole.subarray(0, 300), Buffer.concat([whole, whole]), Buffer.alloc(0)]) {
        writeFileSync(path, broken);
        const refused = await runCommand([
          'restore',
          set,
          '--at',
          second.slice(0, -6),
          '--data',
          join(root, 'nowhere'),
        ]);
        assert.match(refused.stderr, /cannot be read/);
        assert.ok(!existsSync(join(root, 'nowhere')));
        assert.match((await verify()).stdout, /problem: the snapshot .* cannot be read/);
        const kept = await backUp('--keep', '3');
        assert.equal(kept.code, 1);
        assert.ok(objectsIn(set).length >= objects && existsSync(join(set, 'snapshots', first)), third);
        for (const name of snapshots())
          if (![first, second, third].includes(name)) rmSync(join(set, 'snapshots', name));
      }
    },
  );
});

describe('a restore', () => {
  it('overwrites nothing, and begins anew when it was killed', TIMEOUT, async () => {
    assert.equal((await backUp()).code, 0);
    const to = join(root, `killed${n}`);
    mkdirSync(join(to, 'shard-00'), { recursive: true });
    const refused = await runCommand(['restore', set, '--data', to]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /is not empty, and a restore overwrites nothing/);
    rmSync(to, { recursive: true });
    const child = spawnMain(['restore', set, '--data', to]);
    await killedWhen(child, () => existsSync(join(to, 'shard-00', 'packs')));
    const opened = await runProcess(['serve', '--data', to, '--no-demo']);
    assert.notEqual(opened.code, 0);
    assert.match(opened.stderr, /run "brevduva restore" again/);
    const again = await runCommand(['restore', set, '--data', to]);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /: no problems/);
  });

  it('holds mail that waited to leave, and jumps further the second time', TIMEOUT, async () => {
    assert.equal((await runCommand(['backup', set, '--data', waiting])).code, 0);
    const next: number[] = [];
    for (const to of [join(root, `held${n}`), join(root, `again${n}`)]) {
      const restored = await runCommand(['restore', set, '--data', to]);
      assert.match(restored.stdout, /^2 recipients of mail that waited to leave are held/m);
      const listed = JSON.parse((await runCommand(['queue', 'list', '--json', '--data', to])).stdout);
      assert.deepEqual(
        listed.recipients.map(({ state, nextMs }: { state: string; nextMs?: number }) => [state, nextMs]),
        [
          ['held', undefined],
          ['held', undefined],
        ],
      );
      const shown = await runCommand(['queue', 'show', listed.id, '--data', to]);
      assert.match(shown.stdout, /held +bo@example.org +it waited when the backup of .* was made/);
      const released = await runCommand(['queue', 'release', '--all', '--data', to]);
      assert.match(released.stdout, /^\S+ .*to \S+, \S+ is released: tried now$/m);
      const copy = join(root, 'copy');
      cpSync(to, copy, { recursive: true });
      next.push(uidNextIn(copy));
      rmSync(copy, { recursive: true });
      await sleep(1100);
    }
    assert.ok((next[1] as number) > (next[0] as number), String(next));
  });

  it('takes the newest snapshot of a time', TIMEOUT, async () => {
    assert.equal((await backUp()).code, 0);
    const [name = ''] = snapshots();
    const id = name.slice(0, -6);
    const iso = `${id.slice(0, 4)}-${id.slice(4, 6)}-${id.slice(6, 8)}`;
    for (const at of [id, iso, `${iso}T23:59`]) {
      const to = join(root, `at${n}-${at.replaceAll(':', '')}`);
      assert.equal((await runCommand(['restore', set, '--at', at, '--data', to])).code, 0, at);
    }
    for (const at of ['2001-01-01', 'yesterday', '20010101T000000Z'])
      assert.equal(
        (await runCommand(['restore', set, '--at', at, '--data', join(root, 'none')])).code,
        2,
        at,
      );
  });
});

function uidNextIn(folder: string): number {
  const db = new DatabaseSync(join(folder, 'shard-00', 'meta.db'), { readOnly: true });
  const row = db.prepare('SELECT max(uidnext) AS next FROM mailbox').get() as { next: number };
  db.close();
  return row.next;
}

function cannotMount(): string | false {
  try {
    const folder = mkdtempSync(join(tmpdir(), 'brevduva-mount-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', ['--lazy', folder]);
    rmSync(folder, { recursive: true });
    return false;
  } catch {
    return 'needs to mount a tmpfs (root)';
  }
}
