/**
 * What the machine itself allows, for the rows that are near it: the same octets written, synced and sent by a program that does
 * nothing else with them.
 */
import { spawn } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { message, smallMessage } from './corpus.ts';
import { LineClient } from './line-client.ts';

export interface Limit {
  readonly what: string;
  readonly rows: string;
  readonly value: string;
}

const SENT_BYTES = 512 * 1024 * 1024;
const BLOCK_BYTES = 1024 * 1024;

/** On the disk of `folder`. */
export async function hardwareLimits(folder: string): Promise<readonly Limit[]> {
  const corpus = Buffer.concat(Array.from({ length: 50 }, (_, n) => message(n)));
  const batches = Math.ceil(256e6 / corpus.length);
  const many = writesPerSecond(folder, corpus, batches);
  const single = writesPerSecond(folder, smallMessage(1), 300);
  return [
    {
      what: 'writing 50 messages of the corpus and syncing them',
      rows: 'append.multi50, fill.corpus',
      value: `${((many * corpus.length) / 1e6).toFixed(0)} MB/s`,
    },
    {
      what: 'writing 1.2 KB and syncing it, one after the other',
      rows: 'append.small.1, store.one',
      value: `${single.toFixed(0)} /s`,
    },
    {
      what: 'reading a file from memory and sending it over loopback',
      rows: 'sync.body',
      value: `${(await sentMbPerSecond(join(folder, 'limit'), corpus)).toFixed(0)} MB/s`,
    },
  ];
}

function writesPerSecond(folder: string, octets: Buffer, times: number): number {
  const path = join(folder, 'limit-written');
  const fd = openSync(path, 'w');
  const start = performance.now();
  for (let i = 0; i < times; i++) {
    writeSync(fd, octets);
    fdatasyncSync(fd);
  }
  const perSecond = (times * 1000) / (performance.now() - start);
  closeSync(fd);
  rmSync(path);
  return perSecond;
}

async function sentMbPerSecond(path: string, octets: Buffer): Promise<number> {
  const fd = openSync(path, 'w');
  for (let left = 64 * 1024 * 1024; left > 0; left -= octets.length) writeSync(fd, octets);
  closeSync(fd);
  const child = spawn('taskset', ['-c', '0', process.execPath, import.meta.filename, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = (await child.stdout.take(1).toArray()) as [Buffer];
  const client = await LineClient.open(Number(port));
  const start = performance.now();
  client.write('send\r\n');
  await client.until(() => client.bytes >= SENT_BYTES);
  const seconds = (performance.now() - start) / 1000;
  client.end();
  child.kill();
  rmSync(path);
  return SENT_BYTES / 1e6 / seconds;
}

/** The sender, a process of its own on the server's core. */
function serve(path: string): void {
  const fd = openSync(path, 'r');
  const server = createServer((socket) => {
    let sent = 0;
    let at = 0;
    const block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    const send = (): void => {
      if (sent >= SENT_BYTES) return;
      const count = readSync(fd, block, 0, block.length, at);
      at = count < block.length ? 0 : at + count;
      sent += count;
      socket.write(block.subarray(0, count), send);
    };
    socket.once('data', send);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(String((server.address() as { port: number }).port));
  });
}

if (import.meta.main) serve(process.argv[2] as string);
