/** Our own server, started as a person starts it, on a temporary data folder. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Peer, Ports, Running } from './peer.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const MAIN = join(ROOT, 'bin', 'brevduva.mjs');

export const brevduva = (flags: 'synced' | 'delayed'): Peer => ({
  name: flags === 'synced' ? 'brevduva' : 'brevduva, flags delayed',
  missing: () => undefined,
  async start(folder, users) {
    mkdirSync(folder, { recursive: true });
    const config = join(folder, 'brevduva.toml');
    writeFileSync(config, configuration(folder, flags));
    const lines = Array.from({ length: users }, (_, n) => `user${n}@example.com,secret,`);
    writeFileSync(join(folder, 'users.csv'), `${lines.join('\n')}\n`);
    execFileSync(
      process.execPath,
      [MAIN, 'account', 'import', join(folder, 'users.csv'), '--config', config],
      {
        stdio: 'ignore',
      },
    );
    return launch(folder, config, this.name);
  },
});

async function launch(folder: string, config: string, name: string): Promise<Running> {
  const child = spawn('taskset', ['-c', '0', process.execPath, MAIN, 'serve', '--config', config], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ports = await readyPorts(child);
  const stop = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  };
  return {
    name,
    ports,
    pid: child.pid as number,
    user: (n) => `user${n}@example.com`,
    password: 'secret',
    recipient: (n) => `user${n}@example.com`,
    longestBlockMs: () => longestBlockMs(join(folder, 'data', 'control.sock')),
    stop,
    async restart() {
      await stop();
      return launch(folder, config, name);
    },
  };
}

function configuration(folder: string, flags: string): string {
  return `
hostname = "localhost"
data = ${JSON.stringify(join(folder, 'data'))}
[listen]
imap = "127.0.0.1:0"
imaps = "127.0.0.1:0"
pop3 = "127.0.0.1:0"
pop3s = "127.0.0.1:0"
lmtp = "127.0.0.1:0"
[auth]
default_domain = "example.com"
[store]
flags = "${flags}"
[log]
level = "warn"
[limits]
connections_per_account = 20000
`;
}

/** The `ready` line names every address. */
async function readyPorts(child: ChildProcess): Promise<Ports> {
  let text = '';
  for await (const chunk of child.stdout as NodeJS.ReadableStream) {
    text += String(chunk);
    const line = /^ready .*$/m.exec(text)?.[0];
    if (line === undefined) continue;
    const port = (name: string): number => Number(new RegExp(`\\b${name}=\\S*:(\\d+)`).exec(line)?.[1] ?? 0);
    (child.stdout as NodeJS.ReadableStream).resume();
    const [imap, imaps, lmtp] = [port('imap'), port('imaps'), port('lmtp')];
    return { imap, imaps, lmtp, pop3: port('pop3'), pop3s: port('pop3s') };
  }
  throw new Error(`the server ended before it was ready: ${text}`);
}

function longestBlockMs(socketPath: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/v1/event-loop' }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => {
        resolve((JSON.parse(body) as { longestBlockMs?: number }).longestBlockMs);
      });
    });
    asked.on('error', () => resolve(undefined));
    asked.end();
  });
}
