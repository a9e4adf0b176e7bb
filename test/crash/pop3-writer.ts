/** A POP3 program that comes again and again, and deletes some of the messages that are its own at QUIT. */
import { Pop3Client } from '../pop3-client.ts';
import type { WriterOptions } from './imap-writer.ts';
import type { Change, Copy } from './world.ts';

const MOST = 8;

export class Pop3Writer {
  readonly #options: WriterOptions;
  #port = 0;
  #client: Pop3Client | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  async connect(port: number): Promise<void> {
    this.#port = port;
    await this.#signIn();
  }

  /** Until the server is gone. */
  async run(): Promise<void> {
    try {
      for (;;) {
        await this.#session();
        await this.#signIn();
      }
    } catch (error) {
      if (!/no reply: ""|ECONNREFUSED|ECONNRESET|EPIPE/.test((error as Error).message)) throw error;
    }
  }

  close(): void {
    this.#client?.socket.destroy();
  }

  async #signIn(): Promise<void> {
    const { account, password } = this.#options;
    this.#client = await Pop3Client.signIn(this.#port, account, password);
  }

  async #session(): Promise<void> {
    const { world, random, account } = this.#options;
    const client = this.#client as Pop3Client;
    const numbers = await this.#numbers(client);
    const mine = this.#own().filter(({ uid }) => numbers.has(uid as number));
    const removes = random.sample(mine, random.integer(0, MOST));
    for (const { uid } of removes) await client.ok(`DELE ${numbers.get(uid as number)}`);
    const change: Change = {
      what: `QUIT of ${account} deletes ${removes.map(({ mail }) => mail.id)}`,
      removes,
    };
    world.begin(change);
    const reply = await client.command('QUIT');
    if (reply.startsWith('+OK')) world.done(change);
    else world.refused(change, reply);
    client.socket.destroy();
  }

  /** Numbers of the messages by UID, which is the second half of the unique id. */
  async #numbers(client: Pop3Client): Promise<Map<number, number>> {
    const table = await client.table('UIDL');
    return new Map(table.map(([number, id]) => [Number.parseInt(id.slice(-8), 16), number]));
  }

  /** Messages whose UID is known since the last restart. */
  #own(): Copy[] {
    const { world, account, name } = this.#options;
    const inbox = world.foldersOf(account).find((folder) => folder.name === 'INBOX');
    return [...(inbox?.copies.values() ?? [])].filter(
      ({ uid, mail }) => uid !== undefined && mail.id.includes(`-${name}-`),
    );
  }
}
