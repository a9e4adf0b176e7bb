/**
 * A server that takes mail, for tests of whoever sends it: it keeps what it was given, and does whatever else a server may do to us, as a
 * function of the command.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

export interface TakenMail {
  readonly from: string;
  /** What stood behind the address. */
  readonly parameters: string;
  readonly recipients: readonly { readonly address: string; readonly parameters: string }[];
  /** Dots undone, lines with CRLF. */
  readonly data: string;
  readonly isSecure: boolean;
  /** The number of the connection. */
  readonly connection: number;
}

/** `greeting`, a command as it came, `data` for the first octets of a message, `end` for its final dot. */
export type HopEvent = string;
/** A reply without its CRLF; `drop`: the connection ends; `hang`: nothing is said any more. Undefined: as a server does. */
export type HopBehaviour = (event: HopEvent, connection: number) => string | 'drop' | 'hang' | undefined;

export interface NextHopOptions {
  readonly host?: string;
  readonly port?: number;
  readonly behaviour?: HopBehaviour;
  readonly keywords?: readonly string[];
  /** STARTTLS is offered with it. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  readonly isImplicitTls?: boolean;
}

export interface NextHop {
  readonly host: string;
  readonly port: number;
  readonly mails: readonly TakenMail[];
  /** How many there ever were. */
  readonly connections: number;
  readonly open: number;
  behaviour: HopBehaviour;
  close(): Promise<void>;
}

const KEYWORDS = ['PIPELINING', 'SIZE 50000000', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES', 'DSN'];

export async function startNextHop(options: NextHopOptions = {}): Promise<NextHop> {
  const { host = '127.0.0.1', port = 0 } = options;
  const mails: TakenMail[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const hop = { behaviour: options.behaviour ?? (() => undefined) };
  const server: Server = createServer((socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    const ask: HopBehaviour = (event, connection) => hop.behaviour(event, connection);
    new Conversation(socket, connections++, { ...options, behaviour: ask }, mails);
  });
  server.listen(port, host);
  await once(server, 'listening');
  const { port: bound } = server.address() as { port: number };
  return Object.defineProperties(hop, {
    host: { value: host },
    port: { value: bound },
    mails: { value: mails },
    connections: { get: () => connections },
    open: { get: () => sockets.size },
    close: {
      value: async () => {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      },
    },
  }) as unknown as NextHop;
}

class Conversation {
  #socket: Socket;
  readonly #number: number;
  readonly #options: NextHopOptions;
  readonly #mails: TakenMail[];
  #buffer = '';
  #isSecure = false;
  #isOver = false;
  #mail: { from: string; parameters: string } | undefined;
  #recipients: { address: string; parameters: string }[] = [];
  #data: string | undefined;

  constructor(socket: Socket, number: number, options: NextHopOptions, mails: TakenMail[]) {
    this.#socket = socket;
    this.#number = number;
    this.#options = options;
    this.#mails = mails;
    if (options.isImplicitTls === true) this.#secure();
    else this.#listen();
    this.#say('greeting', '220 hop.example.org ESMTP');
  }

  #listen(): void {
    this.#socket.on('data', (chunk: Buffer) => {
      this.#buffer += chunk.toString('latin1');
      this.#read();
    });
    this.#socket.on('error', () => {});
  }

  #read(): void {
    for (;;) {
      if (this.#isOver) return;
      const end = this.#buffer.indexOf('\r\n');
      if (end < 0) return;
      const line = this.#buffer.slice(0, end);
      this.#buffer = this.#buffer.slice(end + 2);
      if (this.#data === undefined) this.#command(line);
      else this.#dataLine(line);
    }
  }

  #command(line: string): void {
    const verb = line.slice(0, 4).toUpperCase();
    const [, address = '', parameters = ''] = /^[A-Z]+ \w+:<([^>]*)>\s*(.*)$/i.exec(line) ?? [];
    if (verb === 'EHLO') this.#say(line, this.#hello());
    else if (verb === 'MAIL' && this.#mail !== undefined) this.#say(line, '503 5.5.1 nested MAIL');
    else if (verb === 'MAIL') {
      if (this.#say(line, '250 2.1.0 ok')) this.#mail = { from: address, parameters };
    } else if (verb === 'RCPT') {
      if (this.#say(line, '250 2.1.5 ok')) this.#recipients.push({ address, parameters });
    } else if (verb === 'DATA') {
      if (this.#say(line, '354 go on')) this.#data = '';
    } else if (verb === 'STAR' && this.#options.tls !== undefined) {
      if (this.#say(line, '220 2.0.0 go on')) this.#secure();
    } else if (verb === 'QUIT') {
      this.#say(line, '221 2.0.0 bye');
      this.#socket.end();
    } else if (verb === 'RSET') {
      this.#reset();
      this.#say(line, '250 2.0.0 ok');
    } else if (verb === 'AUTH') this.#say(line, '235 2.7.0 ok');
    else this.#say(line, '502 5.5.1 unknown');
  }

  #hello(): string {
    const { keywords = KEYWORDS, tls } = this.#options;
    const all = ['hop.example.org', ...keywords, ...(tls && !this.#isSecure ? ['STARTTLS'] : [])];
    return all.map((word, i) => `250${i === all.length - 1 ? ' ' : '-'}${word}`).join('\r\n');
  }

  #dataLine(line: string): void {
    if (this.#data === '' && this.#act('data') !== undefined) return;
    if (line !== '.') {
      this.#data += `${line.replace(/^\./, '')}\r\n`;
      return;
    }
    const data = this.#data as string;
    this.#data = undefined;
    const mail = {
      ...(this.#mail as { from: string; parameters: string }),
      recipients: this.#recipients,
      data,
    };
    // What was said to be taken is kept, and only that; whoever drops now has it as well, for that is the worst.
    const reply = this.#options.behaviour?.('end', this.#number);
    const isTaken = reply === undefined || reply.startsWith('2') || reply === 'drop' || reply === 'hang';
    if (isTaken) this.#mails.push({ ...mail, isSecure: this.#isSecure, connection: this.#number });
    this.#reset();
    this.#carryOut(reply ?? '250 2.0.0 taken');
  }

  #reset(): void {
    this.#mail = undefined;
    this.#recipients = [];
  }

  /** True when it was the reply that a server gives. */
  #say(event: HopEvent, otherwise: string): boolean {
    const reply = this.#options.behaviour?.(event, this.#number);
    this.#carryOut(reply ?? otherwise);
    return reply === undefined || /^[23]/.test(reply);
  }

  #act(event: HopEvent): string | undefined {
    const reply = this.#options.behaviour?.(event, this.#number);
    if (reply !== undefined) this.#carryOut(reply);
    return reply;
  }

  #carryOut(reply: string): void {
    if (reply === 'drop') {
      this.#isOver = true;
      this.#socket.destroy();
    } else if (reply === 'hang') this.#isOver = true;
    else this.#socket.write(`${reply}\r\n`);
  }

  #secure(): void {
    const { certificate: cert = '', key = '' } = this.#options.tls ?? {};
    const plain = this.#socket;
    plain.removeAllListeners('data');
    this.#socket = new TLSSocket(plain, {
      isServer: true,
      secureContext: createSecureContext({ cert, key }),
    });
    this.#isSecure = true;
    this.#listen();
  }
}
