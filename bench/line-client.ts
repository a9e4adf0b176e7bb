/**
 * The load generator's connection: writes bytes, waits for what ends an answer, keeps nothing. It parses no more than it
 * must, so that the server is what is measured.
 */
import { createConnection, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { constants, createInflateRaw, deflateRawSync, type InflateRaw } from 'node:zlib';

const READ_BYTES = 256 * 1024;

export class LineClient {
  readonly #socket: Socket;
  #tail = '';
  #bytes = 0;
  #waiter: { readonly test: (tail: string) => boolean; readonly resolve: (tail: string) => void } | undefined;
  #reject: ((error: Error) => void) | undefined;
  #failure: Error | undefined;
  #inflate: InflateRaw | undefined;
  #tag = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    const fail = (error?: Error): void => {
      this.#failure ??= error ?? new Error('the server closed the connection');
      this.#reject?.(this.#failure);
    };
    socket.on('error', fail);
    socket.on('close', () => fail());
  }

  static async open(port: number, isTls = false): Promise<LineClient> {
    let client: LineClient | undefined;
    const where = { host: '127.0.0.1', port, rejectUnauthorized: false };
    // One buffer for all that comes: the load must cost little beside the server.
    const onread = {
      buffer: Buffer.alloc(READ_BYTES),
      callback: (count: number, buffer: Uint8Array): boolean => {
        if (client !== undefined) client.#take(Buffer.from(buffer.buffer, buffer.byteOffset, count));
        return true;
      },
    };
    const socket = isTls ? connectTls(where) : createConnection({ ...where, onread });
    client = new LineClient(socket);
    if (isTls) socket.on('data', (chunk: Buffer) => client.#take(chunk));
    await new Promise<void>((resolve, reject) => {
      socket.once(isTls ? 'secureConnect' : 'connect', () => resolve());
      socket.once('error', reject);
    });
    return client;
  }

  /** Octets received so far, of what is compressed as they were before. */
  get bytes(): number {
    return this.#bytes;
  }

  write(data: string | Buffer): void {
    // Commands are short: each is a piece of the stream of its own, which refers to nothing before it.
    const isPlain = this.#inflate === undefined;
    this.#socket.write(isPlain ? data : deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }));
  }

  /** RFC 4978; nothing may be on its way. */
  async compress(): Promise<void> {
    await this.imap('COMPRESS DEFLATE');
    this.#inflate = createInflateRaw({ chunkSize: READ_BYTES });
    this.#inflate.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#inflate.on('error', (error) => this.#socket.destroy(error));
  }

  /** Resolves when the system has taken it. */
  send(data: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(data, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Waits until the end of what has come in since the last wait satisfies `test`; gives that end back. */
  until(test: (tail: string) => boolean): Promise<string> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      this.#waiter = { test, resolve };
      this.#check();
    });
  }

  /** A greeting, a POP3 or LMTP reply: one line or more, the last of which matches. */
  line(pattern: RegExp): Promise<string> {
    return this.until((tail) => tail.endsWith('\n') && pattern.test(tail));
  }

  /** Runs an IMAP command and waits for its OK. */
  imap(command: string | Buffer): Promise<string> {
    return this.tagged(this.#send(command));
  }

  /** Runs an IMAP command that may be refused. */
  async attempt(command: string | Buffer): Promise<void> {
    await this.#answer(this.#send(command));
  }

  #send(command: string | Buffer): string {
    const tag = `a${++this.#tag}`;
    this.write(
      typeof command === 'string'
        ? `${tag} ${command}\r\n`
        : Buffer.concat([Buffer.from(`${tag} `), command]),
    );
    return tag;
  }

  #answer(tag: string): Promise<string> {
    return this.until((tail) => {
      const at = tail.lastIndexOf(`${tag} `);
      return at >= 0 && (at === 0 || tail[at - 1] === '\n') && tail.endsWith('\r\n');
    });
  }

  async tagged(tag: string): Promise<string> {
    const answer = await this.#answer(tag);
    const status = answer.slice(answer.lastIndexOf(`${tag} `));
    if (!status.startsWith(`${tag} OK`)) throw new Error(`refused: ${status.trim()}`);
    return answer;
  }

  end(): void {
    this.#socket.destroy();
  }

  /** What is inflated is read later, when the next piece may lie in the same buffer. */
  #take(chunk: Buffer): void {
    if (this.#inflate === undefined) this.#receive(chunk);
    else this.#inflate.write(Buffer.from(chunk));
  }

  #receive(chunk: Buffer): void {
    this.#bytes += chunk.length;
    const text =
      chunk.length > 4096 ? chunk.toString('latin1', chunk.length - 4096) : chunk.toString('latin1');
    this.#tail = chunk.length > 4096 ? text : (this.#tail + text).slice(-8192);
    this.#check();
  }

  #check(): void {
    const waiter = this.#waiter;
    if (waiter === undefined || !waiter.test(this.#tail)) return;
    this.#waiter = undefined;
    const tail = this.#tail;
    this.#tail = '';
    waiter.resolve(tail);
  }
}
