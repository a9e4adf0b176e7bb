/** Pebble, the test authority of Let's Encrypt's makers (RFC 8555), on loopback: it looks at machines through the tests' DNS server. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makePair } from '../../src/net/self-signed.ts';
import { start } from '../clients/program.ts';
import { freePort } from './free-port.ts';

export interface PebbleOptions {
  readonly dns: { readonly host: string; readonly port: number };
  /** Of the machines that it looks at; free ones when absent. */
  readonly ports?: { readonly http: number; readonly https: number };
  /** Keys of external accounts by id: without one nobody gets anything. */
  readonly externalKeys?: Readonly<Record<string, string>>;
}

const WAIT_MS = 40_000;

export class Pebble {
  readonly directory: string;
  /** The file with the certificate of its own ports. */
  readonly certificate: string;
  readonly ports: { readonly http: number; readonly https: number };
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #management: number;

  private constructor(
    folder: string,
    api: number,
    management: number,
    rest: { readonly ports: Pebble['ports']; readonly process: ChildProcess },
  ) {
    this.#folder = folder;
    this.directory = `https://localhost:${api}/dir`;
    this.certificate = join(folder, 'cert.pem');
    this.#management = management;
    this.ports = rest.ports;
    this.#process = rest.process;
  }

  static async open({ dns, externalKeys, ...options }: PebbleOptions): Promise<Pebble> {
    const folder = await mkdtemp(join(tmpdir(), 'brevduva-pebble-'));
    const [api = 0, management = 0, http = 0, https = 0] = await Promise.all([1, 2, 3, 4].map(freePort));
    const ports = options.ports ?? { http, https };
    const own = await makePair('localhost');
    await writeFile(join(folder, 'cert.pem'), own.certificate);
    await writeFile(join(folder, 'key.pem'), own.key, { mode: 0o600 });
    const config = {
      listenAddress: `127.0.0.1:${api}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: join(folder, 'cert.pem'),
      privateKey: join(folder, 'key.pem'),
      ...{ httpPort: ports.http, tlsPort: ports.https, ocspResponderURL: '' },
      externalAccountBindingRequired: externalKeys !== undefined,
      ...(externalKeys === undefined ? {} : { externalAccountMACKeys: externalKeys }),
    };
    await writeFile(join(folder, 'pebble.json'), JSON.stringify({ pebble: config }));
    const args = ['-config', join(folder, 'pebble.json'), '-dnsserver', `${dns.host}:${dns.port}`];
    const process = start('pebble', args, { env: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '30' } });
    process.stderr?.resume();
    process.stdout?.resume();
    const pebble = new Pebble(folder, api, management, { ports, process });
    for (const endMs = performance.now() + WAIT_MS; ; await pause(50)) {
      if (await pebble.root().catch(() => undefined)) return pebble;
      if (performance.now() > endMs) throw new Error('pebble does not answer');
    }
  }

  /** What its certificates lead to. */
  async root(): Promise<string> {
    const ca = await readFile(this.certificate);
    const asked = request({ host: 'localhost', port: this.#management, path: '/roots/0', ca });
    asked.end();
    const [response] = await once(asked, 'response');
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return text;
  }

  async close(): Promise<void> {
    this.#process.kill('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }
}
