/**
 * Postfix as Debian packages it in front of Dovecot, to which it brings what is for people here by LMTP: together they do what our
 * server does. Tuned only where its defaults hold it up on purpose: it takes mail as fast as it comes, however much waits.
 */
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { Postfix } from '../../test/clients/postfix.ts';
import type { MailSink } from '../sink.ts';
import { dovecot } from './dovecot.ts';
import {
  DOMAIN,
  FAR_DOMAIN,
  type Filtered,
  type MailService,
  type Peer,
  type Ports,
  type Running,
} from './peer.ts';

const BINARY = '/usr/sbin/postfix';
/** By default it takes up anew what could not be brought every five minutes. */
const SETTINGS = {
  ...{ in_flow_delay: '0', smtpd_client_connection_count_limit: '0' },
  ...{ minimal_backoff_time: '300s', queue_run_delay: '300s', maximal_backoff_time: '4000s' },
};

export const postfix = (sink: MailSink, cores = '0'): Peer => ({
  name: 'postfix',
  missing() {
    if (!existsSync(BINARY)) return 'not installed (apt-get install postfix)';
    return dovecot().missing();
  },
  async start(folder, users) {
    // Dovecot's mail processes are another user.
    chmodSync(folder, 0o755);
    const far = await Pair.start(join(folder, 'far'), users, { domain: FAR_DOMAIN, sink, cores });
    return Pair.start(join(folder, 'near'), users, { domain: DOMAIN, sink, cores, far });
  },
});

interface PairOptions {
  readonly domain: string;
  readonly sink: MailSink;
  readonly cores: string;
  readonly far?: Running;
}

class Pair implements Running {
  readonly name = 'postfix';
  readonly mail: MailService;
  readonly #domain: string;
  readonly #postfix: Postfix;
  readonly #dovecot: Running;
  readonly #far: Running | undefined;
  #master = 0;

  private constructor({ domain, sink, far }: PairOptions, transfer: Postfix, store: Running) {
    this.#domain = domain;
    this.#postfix = transfer;
    this.#dovecot = store;
    this.#far = far;
    this.mail = { far, sink, signIn: () => '', setSending: (isOn) => transfer.setSending(isOn) };
  }

  static async start(folder: string, users: number, options: PairOptions): Promise<Pair> {
    const { domain, sink, cores, far } = options;
    const store = await dovecot({ cores }).start(folder, users);
    const transfer = await Postfix.start({
      cores,
      routes: {
        [domain]: `lmtp:[127.0.0.1]:${store.ports.lmtp}`,
        ...(far && { [FAR_DOMAIN]: `smtp:[127.0.0.1]:${far.ports.smtp}` }),
        '*': `smtp:[127.0.0.1]:${sink.port}`,
      },
      settings: {
        ...SETTINGS,
        ...{ smtpd_tls_cert_file: join(folder, 'cert.pem'), smtpd_tls_key_file: join(folder, 'key.pem') },
        smtpd_tls_security_level: 'may',
      },
    });
    const pair = new Pair(options, transfer, store);
    pair.#master = await transfer.pid();
    return pair;
  }

  get ports(): Ports {
    const { port } = this.#postfix;
    return { ...this.#dovecot.ports, smtp: port, submission: port };
  }

  get pids(): readonly number[] {
    return [this.#master, ...this.#dovecot.pids];
  }

  get mailFolder(): string {
    return this.#dovecot.mailFolder;
  }

  get password(): string {
    return this.#dovecot.password;
  }

  user(n: number): string {
    return this.#dovecot.user(n);
  }

  recipient(n: number): string {
    return `${this.#dovecot.user(n)}@${this.#domain}`;
  }

  setScript(user: number, text: string | undefined): Promise<void> {
    return this.#dovecot.setScript(user, text);
  }

  async filter(user: number, text: string, messages: readonly Buffer[]): Promise<Filtered> {
    if (this.#dovecot.filter === undefined) throw new Error('Dovecot runs no scripts');
    return this.#dovecot.filter(user, text, messages);
  }

  async longestBlockMs(): Promise<undefined> {}

  async start(): Promise<void> {
    await this.#dovecot.start();
    await this.#postfix.begin();
    this.#master = await this.#postfix.pid();
  }

  async stop(): Promise<void> {
    await this.#postfix.end();
    await this.#dovecot.stop();
  }

  async remove(): Promise<void> {
    await this.#postfix.stop();
    await this.#dovecot.stop();
    await this.#far?.remove?.();
  }
}
