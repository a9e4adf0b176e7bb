/** A session of Python's imaplib in its own process, call by call. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { ALICE, type Ports } from './home.ts';
import { start } from './program.ts';

const SESSION = join(import.meta.dirname, 'imaplib-session.py');

export class Imaplib {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  #said = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#reader = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    this.#lines = this.#reader[Symbol.asyncIterator]();
    child.stderr?.on('data', (bytes: Buffer) => {
      this.#said += bytes.toString();
    });
  }

  static async signIn(ports: Ports): Promise<Imaplib> {
    const args = [SESSION, String(ports.imap), ALICE.address, ALICE.password];
    const session = new Imaplib(start('python3', args));
    await session.#answer('login');
    return session;
  }

  /** Calls a method of IMAP4, which must be answered with OK, and gives its data. */
  async call(method: string, ...args: readonly (string | null)[]): Promise<unknown[]> {
    this.#child.stdin?.write(`${JSON.stringify([method, ...args])}\n`);
    return this.#answer(method);
  }

  async append(mailbox: string, bytes: Buffer, flags: string | null = null): Promise<void> {
    await this.call('append', mailbox, flags, null, `bytes:${bytes.toString('latin1')}`);
  }

  async logout(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.stdin?.end();
    await closed;
  }

  async #answer(method: string): Promise<unknown[]> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`imaplib ended in ${method}: ${this.#said}`);
    const [status, data] = JSON.parse(value) as [string, unknown[]];
    if (status !== 'OK') throw new Error(`${method}: ${status} ${JSON.stringify(data)}`);
    return data;
  }
}
