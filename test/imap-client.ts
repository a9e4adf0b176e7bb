/**
 * A small strict IMAP client for tests. It knows how a response is framed (RFC 9051 §4.3, §7) and hardly anything of what
 * it means; it fails on whatever no client could read: a bare LF, a control character outside a literal, an empty line, a
 * line that is neither untagged, a continuation nor an answer to a tag in use, parentheses or quotes that do not close,
 * NUL in a literal that may not hold it; and on a message with a keyword of which the mailbox's FLAGS had said nothing.
 *
 * Octets are kept as latin1 strings, so that `length` counts octets.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

/** One response: its text with literals in place (`{5}\r\nhello`), without the final CRLF. */
export interface Response {
  readonly kind: 'untagged' | 'tagged' | 'continuation';
  /** `*`, `+` or the tag. */
  readonly tag: string;
  readonly text: string;
}

export interface Answer {
  readonly status: 'OK' | 'NO' | 'BAD';
  /** What follows the status. */
  readonly text: string;
  readonly untagged: readonly string[];
}

export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation';
}

const WAIT_MS = 10_000;
const MAX_TEXT = 200;

export class ImapClient {
  #socket: Socket;
  #buffer = '';
  #isEnded = false;
  #wake: (() => void) | undefined;
  #nextTag = 1;
  #keywords = new Set<string>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#attach(socket);
  }

  static async connect(port: number, options: { readonly tls?: boolean } = {}): Promise<ImapClient> {
    const socket = options.tls
      ? connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false })
      : connect({ host: '127.0.0.1', port });
    socket.setNoDelay(true);
    const client = new ImapClient(socket);
    await once(socket, options.tls ? 'secureConnect' : 'connect');
    return client;
  }

  /** On a connection that the test has made. */
  static over(socket: Socket): ImapClient {
    return new ImapClient(socket);
  }

  /** Connects, reads the greeting and signs in. */
  static async signIn(port: number, username: string, password: string): Promise<ImapClient> {
    const client = await ImapClient.connect(port);
    await client.greeting();
    await client.ok(`LOGIN ${username} ${password}`);
    return client;
  }

  /** The text of the greeting, which must be an untagged OK, PREAUTH or BYE (RFC 9051 §7.1). */
  async greeting(): Promise<string> {
    const { kind, text } = await this.next();
    if (kind !== 'untagged' || !/^(OK|PREAUTH|BYE) /.test(text)) throw violation('not a greeting', text);
    return text;
  }

  /** Octets as they are. */
  send(bytes: string | Buffer): void {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  sendLine(line: string): void {
    this.send(`${line}\r\n`);
  }

  /** Sends a command and reads to its tagged answer; a continuation request in between is a failure. */
  async command(line: string): Promise<Answer> {
    const tag = `t${this.#nextTag++}`;
    this.sendLine(`${tag} ${line}`);
    return this.answer(tag);
  }

  /** As `command`, and the answer must be OK. */
  async ok(line: string): Promise<Answer> {
    const answer = await this.command(line);
    if (answer.status !== 'OK') throw violation(`${line.split(' ')[0]} was refused`, answer.text);
    return answer;
  }

  /** Everything up to the answer with this tag. */
  async answer(tag: string): Promise<Answer> {
    const untagged: string[] = [];
    for (;;) {
      const response = await this.next();
      if (response.kind === 'continuation') throw violation('an unexpected continuation', response.text);
      if (response.kind === 'untagged') untagged.push(response.text);
      else {
        if (response.tag !== tag)
          throw violation(`answer to ${response.tag} instead of ${tag}`, response.text);
        const [, status, text] = /^(OK|NO|BAD) (.+)$/s.exec(response.text) ?? [];
        if (status === undefined || text === undefined) throw violation('not a status', response.text);
        return { status: status as Answer['status'], text, untagged };
      }
    }
  }

  /** The next response; throws when the server has nothing to say for a long time or is gone. */
  async next(): Promise<Response> {
    for (;;) {
      const response = this.#take();
      if (response !== undefined) {
        if (response.kind === 'untagged') this.#checkKeywords(response.text);
        return response;
      }
      if (this.#isEnded) throw new ProtocolViolation('the server closed the connection');
      await this.#more();
    }
  }

  /** Resolves when the server has closed; fails on anything it still says. */
  async ended(): Promise<void> {
    while (!this.#isEnded) await this.#more();
    if (this.#buffer !== '') throw violation('more than was expected before the end', this.#buffer);
  }

  /** After the OK of STARTTLS. */
  async startTls(): Promise<void> {
    if (this.#buffer !== '') throw violation('octets before the handshake', this.#buffer);
    this.#socket.removeAllListeners('data');
    const secure: TLSSocket = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    this.#socket = secure;
    this.#attach(secure);
  }

  close(): void {
    this.#socket.destroy();
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  #checkKeywords(text: string): void {
    const flags = /^FLAGS \((.*)\)$/.exec(text)?.[1];
    if (flags !== undefined) this.#keywords = new Set(flags.split(' '));
    if (!/^\d+ FETCH /.test(text)) return;
    // What is in a literal or in quotes is mail.
    const bare = text.replace(/\{\d+\}\r\n.*/gs, '').replace(/"(?:[^"\\]|\\.)*"/g, '');
    for (const keyword of /\bFLAGS \(([^)]*)\)/.exec(bare)?.[1]?.split(' ') ?? []) {
      const isKnown = keyword === '' || keyword.startsWith('\\') || this.#keywords.has(keyword);
      if (!isKnown) throw violation(`the keyword ${keyword} was not announced`, text);
    }
  }

  #attach(socket: Socket): void {
    socket.on('data', (bytes: Buffer) => {
      this.#buffer += bytes.toString('latin1');
      this.#wake?.();
    });
    socket.on('close', () => {
      this.#isEnded = true;
      this.#wake?.();
    });
    socket.on('error', () => {});
  }

  async #more(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(
      () => reject(violation('the server says nothing; so far', this.#buffer)),
      WAIT_MS,
    );
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#wake = undefined;
    }
  }

  #take(): Response | undefined {
    const end = responseEnd(this.#buffer);
    if (end === undefined) return undefined;
    const line = this.#buffer.slice(0, end - 2);
    this.#buffer = this.#buffer.slice(end);
    return responseOf(line);
  }
}

/** Where the first complete response ends, behind its CRLF. */
function responseEnd(buffer: string): number | undefined {
  for (let from = 0; ; ) {
    const lf = buffer.indexOf('\n', from);
    if (lf < 0) return undefined;
    if (buffer[lf - 1] !== '\r') throw violation('a bare LF', buffer.slice(0, lf));
    const literal = /\{(\d+)\}$/.exec(buffer.slice(from, lf - 1));
    if (literal === null) return lf + 1;
    from = lf + 1 + Number(literal[1]);
    if (buffer.length < from) return undefined;
  }
}

function responseOf(line: string): Response {
  const [, tag = '', text = ''] = /^(\*|\+|[^\s(){%*"\\+]+) (.*)$/s.exec(line) ?? [];
  if (tag === '') throw violation('not a response', line);
  const kind = tag === '*' ? 'untagged' : tag === '+' ? 'continuation' : 'tagged';
  const isStatus = /^(OK|NO|BAD|BYE|PREAUTH) /.test(text);
  if (kind === 'tagged' && !isStatus) throw violation('a tagged line without status', line);
  if (kind === 'untagged' && text === '') throw violation('an empty response', line);
  checkText(text, isStatus || kind === 'continuation');
  return { kind, tag, text };
}

/** Quotes and parentheses close; nothing outside literals is a control character. */
function checkText(text: string, isHumanText: boolean): void {
  let depth = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    const literal = !isQuoted && c === '{' ? /^\{(\d+)\}\r\n/.exec(text.slice(i, i + 16)) : null;
    if (literal !== null) {
      const start = i + literal[0].length;
      const end = start + Number(literal[1]);
      if (text[i - 1] !== '~' && text.slice(start, end).includes('\0'))
        throw violation('NUL in a literal', text);
      i = end - 1;
      continue;
    }
    if (c < ' ' || c === '\x7f') throw violation('a control character in a response', text);
    if (isHumanText) continue;
    if (isQuoted && c === '\\') i++;
    else if (c === '"') isQuoted = !isQuoted;
    else if (!isQuoted && c === '(') depth++;
    else if (!isQuoted && c === ')' && --depth < 0) throw violation('parentheses do not close', text);
  }
  if (isQuoted || depth !== 0) throw violation('quotes or parentheses do not close', text);
  if (!isHumanText && / $| {2}/.test(text.replace(/"(?:[^"\\]|\\.)*"|\{\d+\}\r\n.*/gs, 'x'))) {
    throw violation('a space too many', text);
  }
}

function violation(what: string, text: string): ProtocolViolation {
  return new ProtocolViolation(`${what}: ${JSON.stringify(text.slice(0, MAX_TEXT))}`);
}
