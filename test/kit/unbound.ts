/**
 * unbound on loopback, and nothing of this machine's own: as the authority of a zone file, with its signatures as they stand there, and as
 * the resolver that people run beside a mail server, which validates what it is told (RFC 4035 §5), or does not. It asks nobody outside.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { exchange } from '../../src/dns/exchange.ts';
import { start, succeed } from '../clients/program.ts';
import { freePort } from './free-port.ts';

export interface Unbound {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface SignedZone {
  readonly name: string;
  /** All of it as a file, a record a line, names whole. */
  readonly text: string;
  /** The DNSKEY record by which it is believed. */
  readonly anchor: string;
}

const HOST = '127.0.0.1';
const WAIT_MS = 40_000;
const TRIES = 3;

/** `lines`: a zone file's, names relative to `name`; SOA and NS are put before them. Absences are signed as well (NSEC). */
export async function signZone(name: string, lines: readonly string[]): Promise<SignedZone> {
  const folder = await mkdtemp(join(tmpdir(), 'brevduva-zone-'));
  try {
    const head = [`$ORIGIN ${name}.`, '$TTL 300', '@ IN SOA ns host 1 3600 600 86400 60', '@ IN NS ns'];
    await writeFile(join(folder, 'zone'), [...head, `ns IN A ${HOST}`, ...lines, ''].join('\n'));
    const made = await succeed('ldns-keygen', ['-a', 'ECDSAP256SHA256', '-k', name], { cwd: folder });
    const key = made.stdout.toString().trim();
    await succeed('ldns-signzone', ['-f', 'signed', 'zone', key], { cwd: folder });
    const [text, anchor] = await Promise.all(
      ['signed', `${key}.key`].map((file) => readFile(join(folder, file), 'utf8')),
    );
    return { name, text: text as string, anchor: anchor as string };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Says what is in the zone to whoever asks, right or not. */
export function serveZone({ name, text }: Pick<SignedZone, 'name' | 'text'>): Promise<Unbound> {
  return startUnbound({ zone: text }, (folder) => [
    ...['server:', `local-zone: "${name}." transparent`],
    ...['auth-zone:', `name: "${name}"`, `zonefile: "${folder}/zone"`],
    ...['for-downstream: yes', 'for-upstream: no', 'fallback-enabled: no'],
  ]);
}

/** Asks `authority` for the zone; without `anchor` it has no reason to believe any signature, and says so of every answer. */
export function startResolver(
  name: string,
  authority: Pick<Unbound, 'port'>,
  anchor?: string,
): Promise<Unbound> {
  return startUnbound({ anchor: anchor ?? '' }, (folder) => [
    ...['server:', `local-zone: "${name}." transparent`, 'module-config: "validator iterator"'],
    ...(anchor === undefined ? [] : [`trust-anchor-file: "${folder}/anchor"`]),
    ...['stub-zone:', `name: "${name}"`, `stub-addr: ${HOST}@${authority.port}`],
  ]);
}

async function startUnbound(
  files: Readonly<Record<string, string>>,
  settings: (folder: string) => readonly string[],
): Promise<Unbound> {
  const folder = await mkdtemp(join(tmpdir(), 'brevduva-unbound-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    await writeFile(join(folder, 'conf'), [...common(folder, port), ...settings(folder), ''].join('\n'));
    const process = start('unbound', ['-d', '-c', join(folder, 'conf')]);
    const ended = once(process, 'exit');
    const close = async (): Promise<void> => {
      process.kill('SIGKILL');
      await ended;
    };
    const fault = await answers(process, port);
    if (fault === undefined)
      return {
        ...{ host: HOST, port },
        async close() {
          await close();
          await rm(folder, { recursive: true, force: true });
        },
      };
    await close();
    // The port may be somebody else's by now.
    if (tries === TRIES) throw new Error(`unbound did not start: ${fault}`);
  }
}

function common(folder: string, port: number): readonly string[] {
  return [
    ...['server:', `directory: "${folder}"`, 'username: ""', 'chroot: ""', 'pidfile: ""'],
    ...['use-syslog: no', 'num-threads: 1', 'so-reuseport: no', 'do-ip6: no'],
    ...[`interface: ${HOST}`, `port: ${port}`, 'do-not-query-localhost: no'],
    // Nothing but the zone is asked for anywhere.
    'local-zone: "." refuse',
    ...['remote-control:', 'control-enable: no'],
  ];
}

/** Undefined once it answers; else what it said. */
async function answers(process: ChildProcess, port: number): Promise<string | undefined> {
  let said = '';
  process.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  process.stdout?.resume();
  for (const endMs = performance.now() + WAIT_MS; performance.now() < endMs; await pause(20)) {
    if (process.exitCode !== null) return said;
    const untilMs = performance.now() + 500;
    const { kind } = await exchange({ host: HOST, port }, { name: 'localhost', type: 'A' }, { untilMs });
    if (kind === 'reply') return undefined;
  }
  return `no answer in time: ${said}`;
}
