/**
 * A strict POP3 client for tests: sends exactly what it is told to, keeps octets as latin1, undoes byte-stuffing, and
 * throws on anything that is not a reply.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface ListReply {
  readonly status: string;
  /** Octets between the status line and the dot, dots undone. */
  readonly body: string;
}

export class Pop3Client {
  socket: Socket;
  #text = '';
  #isEnded = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#listen(socket);
  }

  /** Reads the greeting. */
  static async open(port: number, { isTls = false } = {}): Promise<Pop3Client> {
    const where = { host: '127.0.0.1', port, rejectUnauthorized: false };
    const socket = isTls ? connectTls(where) : connect(where);
    await once(socket, isTls ? 'secureConnect' : 'connect');
    const client = new Pop3Client(socket);
    await client.reply();
    return client;
  }

  /** On a connection that the test has made. */
  static async over(socket: Socket): Promise<Pop3Client> {
    const client = new Pop3Client(socket);
    await client.reply();
    return client;
  }

  static async signIn(port: number, address = 'alice@example.com', password = 'secret'): Promise<Pop3Client> {
    const client = await Pop3Client.open(port);
    await client.ok(`USER ${address}`);
    await client.ok(`PASS ${password}`);
    return client;
  }

  /** Octets, one a char. */
  send(text: string | Buffer): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  /** The next line without CRLF; `''` when the connection has ended. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return line;
      }
      if (this.#isEnded) return this.#text;
      await this.#more();
    }
  }

  async reply(): Promise<string> {
    const line = await this.line();
    if (!/^(?:\+OK|-ERR|\+)(?: |$)/.test(line))
      throw new Error(`no reply: ${JSON.stringify(line.slice(0, 200))}`);
    return line;
  }

  async command(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    return this.reply();
  }

  /** The text after `+OK `. */
  async ok(line: string): Promise<string> {
    const reply = await this.command(line);
    if (!reply.startsWith('+OK')) throw new Error(`${line.split(' ', 1)[0]}: ${reply}`);
    return reply.slice(4);
  }

  async list(line: string): Promise<ListReply> {
    const status = await this.ok(line);
    return { status, body: await this.body() };
  }

  /** The rest of a reply with a list, whose status line was read. */
  async body(): Promise<string> {
    for (let searched = 0; ; ) {
      const end = this.#text.startsWith('.\r\n') ? 0 : this.#text.indexOf('\r\n.\r\n', searched) + 2;
      searched = Math.max(0, this.#text.length - 5);
      if (end !== 1) {
        const body = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 3);
        return unstuffed(body);
      }
      if (this.#isEnded) throw new Error('the connection ended within a list');
      await this.#more();
    }
  }

  /** Lines of a list as pairs: number, value. */
  async table(line: string): Promise<[number, string][]> {
    const { body } = await this.list(line);
    return body
      .split('\r\n')
      .slice(0, -1)
      .map((row) => {
        const [number, ...rest] = row.split(' ');
        return [Number(number), rest.join(' ')];
      });
  }

  async startTls(): Promise<void> {
    await this.ok('STLS');
    await this.handshake();
  }

  async handshake(): Promise<void> {
    const plain = this.socket;
    plain.removeAllListeners('data');
    const secure = connectTls({ socket: plain, rejectUnauthorized: false });
    this.socket = secure;
    await once(secure, 'secureConnect');
    this.#listen(secure);
  }

  /** Resolves when the server has closed; gives what it still said. */
  async ended(): Promise<string> {
    while (!this.#isEnded) await this.#more();
    return this.#text;
  }

  /** Without a word. */
  destroy(): void {
    this.socket.destroy();
  }

  #listen(socket: Socket): void {
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.#text += bytes.toString('latin1');
      this.#wake?.();
    });
    socket.on('error', () => {});
    const end = (): void => {
      this.#isEnded = true;
      this.#wake?.();
    };
    socket.on('end', end);
    socket.on('close', end);
  }

  async #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
  }
}

/** RFC 1939 §3: a dot at the beginning of a line is taken off; one alone would have ended the list. */
function unstuffed(body: string): string {
  return body
    .split('\r\n')
    .map((line) => {
      if (line === '.') throw new Error('a dot alone inside a list');
      return line.startsWith('.') ? line.slice(1) : line;
    })
    .join('\r\n');
}
