/**
 * A client of a protocol of reply lines (LMTP, SMTP) that sends exactly the bytes it is told to, for input no library
 * would send. A reply is `NNN text` with its `NNN-text` lines before it.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export class LineClient {
  readonly socket: Socket;
  #text = '';
  #isEnded = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.#text += bytes.toString('latin1');
      this.#wake?.();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#isEnded = true;
      this.#wake?.();
    });
  }

  static async connect(port: number): Promise<LineClient> {
    const socket = connect(port, '127.0.0.1');
    const client = new LineClient(socket);
    await once(socket, 'connect');
    return client;
  }

  /** On a connection that is there already, as after a handshake. */
  static over(socket: Socket): LineClient {
    return new LineClient(socket);
  }

  /** Strings are octets one per char. */
  send(...parts: readonly (string | Buffer)[]): void {
    for (const part of parts)
      this.socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
  }

  /** The next reply whole, without its last CRLF; `''` when the connection ended. */
  async reply(): Promise<string> {
    for (;;) {
      const match = /^(?:\d{3}-[^\r\n]*\r\n)*\d{3}(?: [^\r\n]*)?\r\n/.exec(this.#text);
      if (match) {
        this.#text = this.#text.slice(match[0].length);
        return match[0].slice(0, -2);
      }
      if (this.#isEnded) return this.#text;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  /** Only the codes: `250 2.1.0`, or `220` where there is no enhanced one. */
  async codes(count: number): Promise<string[]> {
    const codes: string[] = [];
    for (let i = 0; i < count; i++) {
      const reply = await this.reply();
      codes.push(/^\d{3}(?:[ -]\d\.\d{1,3}\.\d{1,3})?/.exec(reply)?.[0] ?? reply);
    }
    return codes;
  }

  async ended(): Promise<void> {
    if (!this.#isEnded) await once(this.socket, 'close');
  }
}
