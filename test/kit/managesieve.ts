/** A real ManageSieve server for a test, on a free port of 127.0.0.1, with Alice, whose password is `secret`; and a client of it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { ScriptLimits } from '../../src/mailbox/operations/scripts.ts';
import type { AccountState } from '../../src/mailbox/state/account.ts';
import { receiveManageSieve, startManageSieve } from '../../src/managesieve/server.ts';
import type { ManageSieveSettings } from '../../src/managesieve/settings.ts';
import { Connections } from '../../src/net/connections.ts';
import { NO_RELAY } from '../../src/net/relay.ts';
import { Roster } from '../../src/net/roster.ts';
import { makePair } from '../../src/net/self-signed.ts';
import { Sweep } from '../../src/net/sweep.ts';
import { Compiler } from '../../src/rules/compiler.ts';
import { LIMITS as RUN_LIMITS } from '../../src/sieve/run/limits.ts';
import { openTestDomain, type TestDomain, type TestDomainOptions } from './domain.ts';
import { openTestRelay, TEST_WORKERS } from './relayed.ts';

export const ALICE = 'alice@example.com';

export interface TestManageSieveOptions extends TestDomainOptions {
  readonly settings?: Partial<ManageSieveSettings>;
  readonly scripts?: Partial<ScriptLimits>;
  /** Accounts are held behind a relay: see `relayed.ts`. */
  readonly isRelayed?: boolean;
  readonly total?: number;
}

export interface TestManageSieve {
  readonly kit: TestDomain;
  readonly port: number;
  account(): Promise<AccountState>;
  close(): Promise<void>;
}

const SETTINGS: ManageSieveSettings = Object.freeze({
  version: '0.0.0-test',
  plaintext: 'loopback',
  loginTimeoutMs: 30_000,
  idleTimeoutMs: 600_000,
  badCommandsBeforeLogin: 10,
  badCommands: 20,
  failuresPerConnection: 3,
  lineBytes: 8192,
});
const LIMITS: ScriptLimits = Object.freeze({ scripts: 5, scriptBytes: 20_000, accountBytes: 50_000 });

/** Making one costs as much as a hundred tests. */
const PAIR = makePair('mail.example.com');

export async function startTestManageSieve(options: TestManageSieveOptions = {}): Promise<TestManageSieve> {
  const kit = await openTestDomain(options);
  const record = await kit.addAccount(ALICE, 'secret');
  const { certificate, key } = await PAIR;
  let context: SecureContext | undefined;
  const tls = {
    current() {
      context ??= createSecureContext({ cert: certificate, key });
      return context;
    },
  };
  const { isRelayed = TEST_WORKERS > 1 } = options;
  const holder = isRelayed ? await openTestRelay(kit) : undefined;
  const { domain = kit.domain, relay = NO_RELAY } = holder ?? {};
  const services = {
    ...{ authenticator: kit.authenticator, activity: kit.activity, tls, domain, relay },
    settings: { ...SETTINGS, ...options.settings },
    editing: {
      compiler: new Compiler({ canSend: false }),
      ...{ limits: { ...LIMITS, ...options.scripts }, runLimits: RUN_LIMITS },
    },
    roster: new Roster(100),
    log: kit.domain.log,
  };
  const total = options.total ?? 1000;
  const connections = new Connections({ total, perAddress: 1000 });
  const stream = { sweep: new Sweep(50), writeTimeoutMs: 10_000 };
  holder?.receive({ sieve: receiveManageSieve({ ...services, domain: kit.domain }) }, connections, stream);
  const listeners = await startManageSieve(services, {
    ...{ connections, stream },
    handshakeTimeoutMs: 10_000,
    log: kit.domain.log,
    listen: [{ name: 'managesieve', host: '127.0.0.1', port: 0 }],
  });
  return {
    kit,
    port: listeners[0]?.port ?? 0,
    account: () => kit.domain.accounts.open(record.id),
    async close() {
      await Promise.all([holder?.close(2000), ...listeners.map((listener) => listener.close(2000))]);
      await kit.close();
    },
  };
}

/** Sends exactly what it is told to, and reads answers to their end: lines with their literals, up to OK, NO or BYE. */
export class SieveClient {
  #socket: Socket;
  #text = '';
  #isEnded = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  /** With the greeting read. */
  static async connect(port: number): Promise<SieveClient> {
    const socket = connect(port, '127.0.0.1');
    const client = new SieveClient(socket);
    await once(socket, 'connect');
    await client.answer();
    return client;
  }

  static async raw(port: number): Promise<SieveClient> {
    const socket = connect(port, '127.0.0.1');
    const client = new SieveClient(socket);
    await once(socket, 'connect');
    return client;
  }

  /** Signed in. */
  static async signedIn(port: number, password = 'secret', name = ALICE): Promise<SieveClient> {
    const client = await SieveClient.connect(port);
    await client.say(`AUTHENTICATE "PLAIN" "${plain(name, password)}"`);
    return client;
  }

  send(text: string): void {
    this.#socket.write(Buffer.from(text, 'utf8'));
  }

  /** A line, and the answer to it. */
  async say(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    return this.answer();
  }

  /** Whole, as it came, without the last CRLF; '' when the connection is over. */
  async answer(): Promise<string> {
    for (;;) {
      const end = endOfAnswer(this.#text);
      if (end !== undefined) {
        const answer = this.#text.slice(0, end);
        this.#text = this.#text.slice(end);
        return answer.trimEnd();
      }
      if (this.#isEnded) return this.#text;
      await this.#more();
    }
  }

  /** One line. */
  async line(): Promise<string> {
    while (!this.#text.includes('\r\n') && !this.#isEnded) await this.#more();
    const end = this.#text.indexOf('\r\n') + 2;
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    return line.trimEnd();
  }

  async ended(): Promise<void> {
    while (!this.#isEnded) await this.#more();
  }

  async startTls(): Promise<void> {
    this.#socket.removeAllListeners('data');
    const secure: TLSSocket = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    this.#socket = secure;
    this.#listen(secure);
  }

  close(): void {
    this.#socket.destroy();
  }

  #listen(socket: Socket): void {
    socket.on('data', (bytes: Buffer) => {
      this.#text += bytes.toString('utf8');
      this.#wake?.();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#isEnded = true;
      this.#wake?.();
    });
  }

  async #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
  }
}

export function plain(name: string, password: string): string {
  return Buffer.from(`\0${name}\0${password}`).toString('base64');
}

/** Where the first answer ends, when it is all there. */
function endOfAnswer(text: string): number | undefined {
  for (let at = 0; ; ) {
    const isLast = /^(?:OK|NO|BYE)\b/.test(text.slice(at, at + 4));
    for (;;) {
      const end = text.indexOf('\r\n', at);
      if (end < 0) return undefined;
      const size = /\{(\d+)\}$/.exec(text.slice(at, end))?.[1];
      at = end + 2;
      if (size === undefined) break;
      at += Number(size);
      if (at > text.length) return undefined;
    }
    if (isLast) return at;
  }
}
