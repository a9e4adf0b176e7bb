/**
 * What the server holds and puts there, seen and done by our own strict client: the other side of what a real client says
 * it did.
 */
import { ImapClient } from '../imap-client.ts';

export interface ServerMessage {
  readonly uid: number;
  /** System flags and keywords, sorted, without `\Recent`. */
  readonly flags: readonly string[];
  readonly bytes: Buffer;
}

export class Mailboxes {
  readonly client: ImapClient;

  constructor(client: ImapClient) {
    this.client = client;
  }

  static async open(port: number, username: string, password: string): Promise<Mailboxes> {
    return new Mailboxes(await ImapClient.signIn(port, username, password));
  }

  /** Names as they are on the wire: modified UTF-7. */
  async names(): Promise<string[]> {
    const { untagged } = await this.client.ok('LIST "" "*"');
    return untagged.map((text) => unquoted(/^LIST \([^)]*\) "\/" (.*)$/s.exec(text)?.[1] ?? text)).sort();
  }

  async create(name: string): Promise<void> {
    await this.client.ok(`CREATE ${quoted(name)}`);
  }

  /** What every change to any mailbox moves: counters of all of them. */
  async states(): Promise<readonly string[]> {
    const { untagged } = await this.client.ok(
      'LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ))',
    );
    return untagged.filter((text) => text.startsWith('STATUS ')).sort();
  }

  async count(name: string): Promise<number> {
    const { untagged } = await this.client.ok(`STATUS ${quoted(name)} (MESSAGES)`);
    return Number(/MESSAGES (\d+)/.exec(untagged.join(' '))?.[1]);
  }

  /** Appends all in one go, without waiting for each answer, and returns their UIDs. */
  async append(
    name: string,
    messages: readonly Buffer[],
    flags: (index: number) => string = () => '',
  ): Promise<number[]> {
    messages.forEach((bytes, index) => {
      this.client.send(`p${index} APPEND ${quoted(name)} (${flags(index)}) {${bytes.length}+}\r\n`);
      this.client.send(bytes);
      this.client.send('\r\n');
    });
    const uids: number[] = [];
    for (const index of messages.keys()) {
      const { status, text } = await this.client.answer(`p${index}`);
      const [, uid] = /^\[APPENDUID \d+ (\d+)\]/.exec(text) ?? [];
      if (status !== 'OK' || uid === undefined) throw new Error(`APPEND: ${status} ${text}`);
      uids.push(Number(uid));
    }
    return uids;
  }

  /** All messages of a mailbox, read without marking anything. */
  async read(name: string): Promise<ServerMessage[]> {
    await this.client.ok(`EXAMINE ${quoted(name)}`);
    const { untagged } = await this.client.ok('UID FETCH 1:* (UID FLAGS BODY.PEEK[])');
    await this.client.ok('UNSELECT');
    return untagged.flatMap((text) => {
      const [, uid] = /^\d+ FETCH \(.*?\bUID (\d+)/s.exec(text) ?? [];
      const [, flags = ''] = /FLAGS \(([^)]*)\)/.exec(text) ?? [];
      const bytes = bodyOf(text);
      if (uid === undefined || bytes === undefined) return [];
      const words = flags.split(' ').filter((flag) => flag !== '' && flag !== '\\Recent');
      return [{ uid: Number(uid), flags: words.sort(), bytes }];
    });
  }

  /** Selects the mailbox, runs the command and leaves it again without expunging. */
  async inside(name: string, command: string): Promise<readonly string[]> {
    await this.client.ok(`SELECT ${quoted(name)}`);
    const { untagged } = await this.client.ok(command);
    await this.client.ok('UNSELECT');
    return untagged;
  }

  close(): void {
    this.client.close();
  }
}

/** The octets of `BODY[]` in a FETCH response. */
export function bodyOf(text: string): Buffer | undefined {
  const [head, size] = /BODY\[\] \{(\d+)\}\r\n/.exec(text) ?? [];
  if (head !== undefined) {
    const at = text.indexOf(head) + head.length;
    return Buffer.from(text.slice(at, at + Number(size)), 'latin1');
  }
  const [, quotedText] = /BODY\[\] "((?:[^"\\]|\\.)*)"/s.exec(text) ?? [];
  return quotedText === undefined ? undefined : Buffer.from(unquoted(`"${quotedText}"`), 'latin1');
}

export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/gs, '$1') : text;
}
