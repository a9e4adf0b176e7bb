/** A mail transfer agent that delivers until its connection breaks, to one recipient or several. */
import { LineClient } from '../kit/line-client.ts';
import { mailOf, someSize, writeMail } from './mail.ts';
import type { Random } from './random.ts';
import type { Change, Folder, World } from './world.ts';

export interface DelivererOptions {
  readonly world: World;
  readonly name: string;
  readonly round: number;
  readonly random: Random;
  /** The writers of each account, who own what is delivered there. */
  readonly recipients: readonly { readonly inbox: Folder; readonly owners: readonly string[] }[];
}

export class Deliverer {
  readonly #options: DelivererOptions;
  #client: LineClient | undefined;
  #count = 0;

  constructor(options: DelivererOptions) {
    this.#options = options;
  }

  async connect(port: number): Promise<void> {
    this.#client = await LineClient.connect(port);
    await this.#client.reply();
    this.#client.send('LHLO mta.example.org\r\n');
    await this.#client.reply();
  }

  async run(): Promise<void> {
    while (await this.#deliver());
  }

  close(): void {
    this.#client?.socket.destroy();
  }

  /** False when the connection is gone. */
  async #deliver(): Promise<boolean> {
    const { world, name, round, random, recipients } = this.#options;
    const client = this.#client;
    if (client === undefined) throw new Error('not connected');
    const chosen = random.sample(recipients, random.chance(0.6) ? 1 : recipients.length);
    const owner = random.pick(chosen[0]?.owners ?? []);
    const id = `${round}-${owner}-${name}${this.#count++}`;
    const bytes = writeMail(id, someSize(random));
    const mail = mailOf(id, bytes);
    const changes = chosen.map(({ inbox }): Change => {
      const adds = [{ mail, folder: inbox, uid: undefined, flags: '' }];
      return { what: `delivery of ${id} to ${inbox.account}`, adds };
    });
    const rcpt = chosen.map(({ inbox }) => `RCPT TO:<${inbox.account}>\r\n`);
    client.send(`MAIL FROM:<sender@example.org> SIZE=${bytes.length}\r\n`, ...rcpt, 'DATA\r\n');
    for (const wanted of ['250', ...rcpt.map(() => '250'), '354']) {
      const reply = await client.reply();
      if (!reply.startsWith(wanted)) return isGone(reply, world);
    }
    for (const change of changes) world.begin(change);
    client.send(bytes, '.\r\n');
    for (const change of changes) {
      const reply = await client.reply();
      if (reply.startsWith('250 ')) world.done(change);
      else if (/^\d{3} /.test(reply)) world.refused(change, reply);
      else return false;
    }
    return true;
  }
}

function isGone(reply: string, world: World): false {
  if (/^\d{3}/.test(reply)) world.surprises.push(`LMTP: ${reply}`);
  return false;
}
