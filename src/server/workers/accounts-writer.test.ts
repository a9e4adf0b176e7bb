import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bugLog } from '../../../test/kit/bug-log.ts';
import { asAccountId } from '../../mailbox/model/model.ts';
import type { SqliteDirectory } from '../../store/sqlite/directory.ts';
import { AccountsWriter } from './accounts-writer.ts';
import { type FromWriter, linesOf, writeLine } from './feed-wire.ts';

const CHANGE = { kind: 'forgotten', id: asAccountId(7) } as const;
const SOON_MS = 200;

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brevduva-feed-'));
});
after(() => rm(folder, { recursive: true }));

/** A writer that waits for so many, and somebody who follows it and says that it knows what it is told. */
async function start(awaited: number) {
  const directory = { snapshot: () => ({}) } as unknown as SqliteDirectory;
  const writer = new AccountsWriter(directory, bugLog, awaited);
  const path = join(folder, `${performance.now()}.sock`);
  const server = createServer((socket) => void writer.serve(socket)).listen(path);
  await once(server, 'listening');
  const follow = async (knows: boolean): Promise<{ socket: Socket; heard: FromWriter[] }> => {
    const socket = connect(path);
    await once(socket, 'connect');
    const heard: FromWriter[] = [];
    void (async () => {
      for await (const message of linesOf<FromWriter>(socket)) {
        heard.push(message);
        if (knows) writeLine(socket, { known: 'number' in message ? message.number : 0 });
      }
    })().catch(() => {});
    return { socket, heard };
  };
  return { writer, follow, close: () => server.close() };
}

async function isSoon(told: Promise<void>): Promise<boolean> {
  return Promise.race([told.then(() => true), sleep(SOON_MS, false)]);
}

it('a change is answered when those who followed the writer before are there again', async () => {
  const { writer, follow, close } = await start(2);
  const told = writer.tell(CHANGE);
  const first = await follow(true);
  assert.equal(await isSoon(told), false);
  const second = await follow(true);
  assert.equal(await isSoon(told), true);
  // The snapshot had it.
  assert.deepEqual([first.heard.length, second.heard.length], [1, 1]);
  assert.equal(await isSoon(writer.tell(CHANGE)), true);
  assert.deepEqual([first.heard.length, second.heard.length], [2, 2]);
  first.socket.destroy();
  await sleep(SOON_MS);
  assert.equal(await isSoon(writer.tell(CHANGE)), true, 'who went away is not waited for');
  second.socket.destroy();
  close();
});

it('somebody who does not come, or does not answer, is not waited for long', async () => {
  const { writer, follow, close } = await start(2);
  const silent = await follow(false);
  const startMs = performance.now();
  await writer.tell(CHANGE);
  assert.ok(performance.now() - startMs < 5000);
  silent.socket.destroy();
  close();
});

it('who has nobody to follow it waits for nobody', async () => {
  const { writer, close } = await start(0);
  assert.equal(await isSoon(writer.tell(CHANGE)), true);
  close();
});
