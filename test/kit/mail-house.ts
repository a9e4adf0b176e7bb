/**
 * The mail server of a domain as a process, with an address of its own in the loopback network, where it takes mail on port 25 as the world
 * expects, and with its records (MX, SPF, DKIM, DMARC, TLSA) in the zone of the tests' DNS server.
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer } from 'dns-packet';
import { createTransport, type SendMailOptions, type Transporter } from 'nodemailer';
import { makePair } from '../../src/net/self-signed.ts';
import { ImapClient } from '../imap-client.ts';
import { record } from './dns.ts';
import { keyDigest } from './key-digest.ts';
import { startServer, type TestServer } from './server.ts';

export const PASSWORD = 'secret';
/** Reports are gathered for a minute. */
const WAIT_MS = 120_000;

export interface HouseOptions {
  readonly domain: string;
  /** `127.x.y.z`. */
  readonly address: string;
  readonly people: readonly string[];
  readonly dns: { readonly host: string; readonly port: number };
  /** Where its records go. */
  readonly zone: Answer[];
  readonly config?: Readonly<Record<string, string>>;
}

export class MailHouse {
  readonly domain: string;
  readonly #folder: string;
  readonly #config: Readonly<Record<string, string>>;
  #server: TestServer;

  private constructor(
    domain: string,
    folder: string,
    config: Readonly<Record<string, string>>,
    server: TestServer,
  ) {
    this.domain = domain;
    this.#folder = folder;
    this.#config = config;
    this.#server = server;
  }

  static async open({ domain, address, people, dns, zone, config = {} }: HouseOptions): Promise<MailHouse> {
    const folder = await mkdtemp(join(tmpdir(), `brevduva-${domain}-`));
    const hostname = `mail.${domain}`;
    const { certificate, key } = await makePair(hostname);
    const files = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
    await Promise.all([writeFile(files.certificate, certificate), writeFile(files.key, key)]);
    const all = {
      ...{ hostname, 'auth.default_domain': domain, 'listen.smtp': `${address}:25` },
      ...{
        'dns.servers': `${dns.host}:${dns.port}`,
        'mx.greeting_delay': '0',
        'queue.allow_private': 'true',
      },
      ...{ 'tls.certificate': files.certificate, 'tls.key': files.key, ...config },
    };
    const server = await startServer({ data: join(folder, 'data'), config: all });
    const house = new MailHouse(domain, folder, all, server);
    for (const name of people)
      await house.cli(['account', 'add', `${name}@${domain}`, '--password-stdin'], `${PASSWORD}\n`);
    zone.push(
      record(domain, 'MX', { preference: 10, exchange: hostname }),
      record(hostname, 'A', address),
      record(domain, 'TXT', ['v=spf1 a:mail.'.concat(domain, ' ip4:127.0.0.0/8 -all')]),
      record(`_dmarc.${domain}`, 'TXT', ['v=DMARC1; p=reject']),
      record(`_25._tcp.${hostname}`, 'TLSA', {
        ...{ usage: 3, selector: 1, matchingType: 1, certificate: keyDigest(certificate) },
      }),
    );
    const printed = await house.cli(['domain', 'add', domain]);
    for (const [, name = '', texts = ''] of printed.matchAll(/^(\S+\._domainkey\.\S+)\. IN TXT (.*)$/gm))
      zone.push(
        record(
          name,
          'TXT',
          Array.from(texts.matchAll(/"([^"]*)"/g), ([, text = '']) => text),
        ),
      );
    // The keys sign from when they are seen.
    await house.cli(['domain', 'check', domain]).catch(() => '');
    return house;
  }

  /** Standard output; throws when it fails. */
  async cli(args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.#server.cli(args, input);
    if (code !== 0) throw new Error(`${args.join(' ')}: ${code}\n${stderr}${stdout}`);
    return stdout;
  }

  get log(): string {
    return this.#server.log;
  }

  port(name: string): number {
    return this.#server.port(name);
  }

  transport(name: string): Transporter {
    return createTransport({
      ...{ host: '127.0.0.1', port: this.port('submissions'), secure: true },
      ...{ auth: { user: `${name}@${this.domain}`, pass: PASSWORD }, tls: { rejectUnauthorized: false } },
    });
  }

  async send(name: string, mail: SendMailOptions): Promise<void> {
    const transport = this.transport(name);
    try {
      await transport.sendMail({ from: `${name}@${this.domain}`, text: 'Hello', ...mail });
    } finally {
      transport.close();
    }
  }

  /** The messages of a mailbox, as they are fetched. */
  async messages(name: string, mailbox = 'INBOX'): Promise<string[]> {
    const client = await ImapClient.signIn(this.port('imap'), `${name}@${this.domain}`, PASSWORD);
    try {
      const { untagged } = await client.ok(`SELECT ${mailbox}`);
      if (untagged.includes('0 EXISTS')) return [];
      const fetched = await client.ok('FETCH 1:* (BODY.PEEK[])');
      return fetched.untagged.filter((text) => / FETCH /.test(text));
    } finally {
      client.close();
    }
  }

  /** The first message of the mailbox in which this is, when it has come. */
  async message(name: string, what: RegExp): Promise<string> {
    let all: string[] = [];
    for (const endMs = performance.now() + WAIT_MS; performance.now() < endMs; await pause(500)) {
      all = await this.messages(name);
      const found = all.find((text) => what.test(text));
      if (found !== undefined) return found;
    }
    throw new Error(
      `${name}@${this.domain} has no message with ${what}; it has ${all.length}:\n${this.log.slice(-3000)}`,
    );
  }

  /** Killed, and begun again on the same data. */
  async kill9(): Promise<void> {
    await this.#server.kill9();
    this.#server = await startServer({ data: join(this.#folder, 'data'), config: this.#config });
  }

  async close(): Promise<void> {
    await this.#server.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Addresses of the loopback network at which nobody takes mail; undefined where none may be had. */
export async function freeLoopback(count: number): Promise<string[] | undefined> {
  const found: string[] = [];
  for (let tries = 0; found.length < count && tries < 20; tries++) {
    const [b, c, d] = [1, 2, 3].map(() => 1 + Math.floor(Math.random() * 250));
    const address = `127.${b}.${c}.${d}`;
    if (await canListen(address)) found.push(address);
  }
  return found.length === count ? found : undefined;
}

async function canListen(host: string): Promise<boolean> {
  const server = createServer().listen(25, host);
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
