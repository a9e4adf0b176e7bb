/**
 * An IMAP server that says what a test tells it to say: honest by itself, as far as somebody who brings mail from it asks, and with lies
 * where a test has some. On loopback, without TLS.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export interface ScriptedMessage {
  readonly uid: number;
  readonly bytes: Buffer;
  readonly flags?: string;
  readonly date?: string;
  /** As announced. */
  readonly size?: number;
  /** Of Gmail, as they are on the wire. */
  readonly labels?: string;
}

export interface ScriptedFolder {
  readonly name: string;
  readonly attributes?: string;
  readonly uidValidity?: number;
  readonly messages: readonly ScriptedMessage[];
}

/** One connection, as a lie sees it. */
export interface Told {
  readonly tag: string;
  /** `UID FETCH 1:* (...)`, without the tag. */
  readonly command: string;
  readonly socket: Socket;
  /** How many commands of all connections had this text before. */
  readonly times: number;
  write(text: string | Buffer): void;
}

export interface Script {
  folders: readonly ScriptedFolder[];
  readonly capabilities?: string;
  readonly greeting?: string;
  readonly delimiter?: string;
  /** `(("INBOX." ".")) NIL NIL`. */
  readonly namespace?: string;
  /** True: it has been answered. */
  lie?(told: Told): boolean;
}

export class ScriptedImap {
  readonly script: Script;
  /** Everything that clients said, without tags. */
  readonly heard: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #times = new Map<string, number>();

  private constructor(script: Script) {
    this.script = script;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(script: Script): Promise<ScriptedImap> {
    const scripted = new ScriptedImap(script);
    scripted.#server.listen(0, '127.0.0.1');
    await once(scripted.#server, 'listening');
    return scripted;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.write(this.script.greeting ?? `* OK [CAPABILITY ${this.#capabilities}] at your service\r\n`);
    let text = '';
    /** The rest of an exchange that goes on over lines. */
    let awaited: string | undefined;
    let selected: ScriptedFolder | undefined;
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        if (awaited !== undefined) {
          this.heard.push(line);
          this.#finish(socket, `${awaited} ${line}`);
          awaited = undefined;
          continue;
        }
        const [tag = '', ...rest] = line.split(' ');
        const command = rest.join(' ');
        this.heard.push(command);
        const times = this.#times.get(command) ?? 0;
        this.#times.set(command, times + 1);
        const told = {
          tag,
          command,
          socket,
          times,
          write: (bytes: string | Buffer) => void socket.write(bytes),
        };
        if (this.script.lie?.(told) === true) continue;
        if (/^AUTHENTICATE \S+$/i.test(command)) {
          awaited = `${tag} ${command}`;
          socket.write('+ \r\n');
          continue;
        }
        selected = this.#answer(told, selected);
      }
    });
  }

  #finish(socket: Socket, line: string): void {
    const [tag = '', ...rest] = line.split(' ');
    const told = {
      tag,
      command: rest.join(' '),
      socket,
      times: 0,
      write: (bytes: string | Buffer) => void socket.write(bytes),
    };
    if (this.script.lie?.(told) !== true)
      socket.write(`${tag} OK [CAPABILITY ${this.#capabilities}] signed in\r\n`);
  }

  get #capabilities(): string {
    return this.script.capabilities ?? 'IMAP4rev1 AUTH=PLAIN UIDPLUS NAMESPACE SPECIAL-USE';
  }

  #answer({ tag, command, write }: Told, selected: ScriptedFolder | undefined): ScriptedFolder | undefined {
    const { folders, delimiter = '/', namespace = `(("" "${delimiter}")) NIL NIL` } = this.script;
    const [verb = '', second = ''] = command.toUpperCase().split(' ');
    const ok = (untagged = ''): void => write(`${untagged}${tag} OK done\r\n`);
    if (verb === 'CAPABILITY') ok(`* CAPABILITY ${this.#capabilities}\r\n`);
    else if (verb === 'NAMESPACE') ok(`* NAMESPACE ${namespace}\r\n`);
    else if (verb === 'LIST' || verb === 'LSUB') {
      const lines = folders.map(
        ({ name, attributes = '' }) => `* ${verb} (${attributes}) "${delimiter}" "${name}"\r\n`,
      );
      ok(/ ""$/.test(command) ? `* LIST (\\Noselect) "${delimiter}" ""\r\n` : lines.join(''));
    } else if (verb === 'EXAMINE') {
      const name = command.slice(8).replace(/^"(.*)"$/, '$1');
      const folder = folders.find((one) => one.name === name);
      if (folder === undefined) {
        write(`${tag} NO there is no such folder\r\n`);
        return undefined;
      }
      const uidNext = Math.max(0, ...folder.messages.map(({ uid }) => uid)) + 1;
      ok(
        `* ${folder.messages.length} EXISTS\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY ${folder.uidValidity ?? 7}] x\r\n* OK [UIDNEXT ${uidNext}] x\r\n`,
      );
      return folder;
    } else if (verb === 'UID' && second === 'FETCH' && selected !== undefined) {
      for (const row of fetched(command, selected)) write(row);
      ok();
    } else if (['NOOP', 'ID', 'LOGIN', 'AUTHENTICATE', 'CLOSE'].includes(verb)) ok();
    else write(`${tag} BAD not here\r\n`);
    return selected;
  }
}

/** The rows that an honest server sends. */
export function fetched(command: string, { messages }: ScriptedFolder): Buffer[] {
  const [, , set = '', ...items] = command.split(' ');
  const wanted = items.join(' ');
  const asked = set.split(',').map((range) => {
    const [from = '', to = from] = range.split(':');
    return [Number(from), to === '*' ? 2 ** 32 : Number(to)] as const;
  });
  const isAsked = (uid: number): boolean => asked.some(([from, to]) => uid >= from && uid <= to);
  return messages.flatMap((message, i) => {
    const {
      uid,
      bytes,
      flags = '',
      date = '01-Feb-2020 10:00:00 +0000',
      size = bytes.length,
      labels = '',
    } = message;
    if (!isAsked(uid)) return [];
    const parts = [`UID ${uid}`, `FLAGS (${flags})`, `INTERNALDATE "${date}"`, `RFC822.SIZE ${size}`];
    if (wanted.includes('X-GM-LABELS')) parts.push(`X-GM-LABELS (${labels})`, `X-GM-MSGID ${uid}`);
    const head = `* ${i + 1} FETCH (${parts.join(' ')}`;
    const piece = /BODY\.PEEK\[\](?:<(\d+)\.(\d+)>)?/.exec(wanted);
    if (piece === null) return [Buffer.from(`${head})\r\n`)];
    const start = Number(piece[1] ?? 0);
    const octets = bytes.subarray(start, piece[2] === undefined ? undefined : start + Number(piece[2]));
    const origin = piece[1] === undefined ? '' : `<${start}>`;
    return [
      Buffer.concat([
        Buffer.from(`${head} BODY[]${origin} {${octets.length}}\r\n`),
        octets,
        Buffer.from(')\r\n'),
      ]),
    ];
  });
}
