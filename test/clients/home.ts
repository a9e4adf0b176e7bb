/**
 * A server as people run it, for real clients: its own process, ports of its own, accounts made by the command line. When
 * it closes, `check` must find nothing and the server must not have met a bug of its own.
 */
import assert from 'node:assert/strict';
import { type CommandResult, startServer } from '../kit/server.ts';
import { Mailboxes } from './mailboxes.ts';

export interface Person {
  readonly address: string;
  readonly password: string;
}

export const ALICE: Person = Object.freeze({ address: 'alice@example.com', password: 'secret' });

export interface Ports {
  readonly imap: number;
  readonly imaps: number;
  readonly pop3: number;
  readonly pop3s: number;
  readonly lmtp: number;
  readonly submission: number;
  readonly submissions: number;
}

export class Home {
  readonly ports: Ports;
  readonly #server: Awaited<ReturnType<typeof startServer>>;
  readonly #opened: Mailboxes[] = [];

  private constructor(server: Awaited<ReturnType<typeof startServer>>) {
    this.#server = server;
    this.ports = {
      imap: server.port('imap'),
      imaps: server.port('imaps'),
      pop3: server.port('pop3'),
      pop3s: server.port('pop3s'),
      lmtp: server.port('lmtp'),
      submission: server.port('submission'),
      submissions: server.port('submissions'),
    };
  }

  /** With Alice in it. */
  static async open(config: Readonly<Record<string, string>> = {}): Promise<Home> {
    const server = await startServer({ config });
    try {
      const home = new Home(server);
      await home.addAccount(ALICE);
      return home;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  async addAccount(person: Person, ...options: readonly string[]): Promise<void> {
    await this.cli(
      ['account', 'add', person.address, '--password-stdin', ...options],
      `${person.password}\n`,
    );
  }

  /** The command line beside the running server; it must succeed. */
  async cli(args: readonly string[], input?: string): Promise<CommandResult> {
    const result = await this.#server.cli(args, input);
    assert.equal(result.code, 0, `${args.join(' ')}:\n${result.stderr}${result.stdout}`);
    return result;
  }

  /** Closed with the rest. */
  async mailboxes(person = ALICE): Promise<Mailboxes> {
    const mailboxes = await Mailboxes.open(this.ports.imap, person.address, person.password);
    this.#opened.push(mailboxes);
    return mailboxes;
  }

  async close(): Promise<void> {
    for (const mailboxes of this.#opened) mailboxes.close();
    try {
      await this.cli(['check']);
    } finally {
      const code = await this.#server.stop();
      assert.equal(code, 0, this.#server.log);
    }
    assert.doesNotMatch(this.#server.log, /\bbug\b|unhandled|TypeError/i);
  }
}
