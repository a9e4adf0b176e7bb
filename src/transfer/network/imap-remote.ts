/**
 * A connection to the old server, over IMAP by way of `imapflow`: what is asked of it to bring mail, and what goes wrong as
 * `SourceFailure`. It only reads (EXAMINE, BODY.PEEK).
 *
 * Everything that the server sends is bounded: lines, literals, tokens, silence. Messages whose announced size is larger than
 * `WHOLE_BYTES` are fetched in pieces, so that none of them is whole in memory.
 */
import { ImapFlow, type ImapFlowError, type ImapFlowOptions, type MailboxObject } from 'imapflow';
import type { Endpoint, Trust } from './endpoint.ts';
import { isBusy, SourceFailure, said } from './failure.ts';
import { foldersOf, type RemoteFolder } from './remote-folders.ts';
import { listedOf, type RemoteMessage } from './remote-message.ts';
import type { SignIn } from './sign-in.ts';

/** Larger ones are fetched in pieces of this many octets. */
export const WHOLE_BYTES = 2 * 1024 * 1024;
/** A message may be larger than the server said. */
const MAX_LITERAL_BYTES = 16 * 1024 * 1024;
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const MAX_TOKENS = 200_000;

export interface RemoteOptions {
  readonly endpoint: Endpoint;
  readonly trust: Trust;
  readonly signIn: SignIn;
  /** Longer silence is a broken connection. */
  readonly silenceMs: number;
}

export interface OpenFolder {
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly exists: number;
}

export interface FetchedMessage extends RemoteMessage {
  readonly bytes: Buffer;
}

export class ImapRemote {
  readonly #client: ImapFlow;

  private constructor(client: ImapFlow) {
    this.#client = client;
  }

  /** Throws SourceFailure. */
  static async connect(options: RemoteOptions): Promise<ImapRemote> {
    const auth = await authOf(options.signIn);
    const client = new ImapFlow({ ...transportOf(options), auth });
    // Each command is told as well; without a listener it would end the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
      // Names are taken as they are; the library would put the prefix in front of those that lack it.
      client.namespace = { prefix: '', delimiter: client.namespace?.delimiter ?? '/' };
    } catch (error) {
      client.close();
      throw failureOf(error, options.endpoint);
    }
    return new ImapRemote(client);
  }

  /** It has labels instead of folders: https://developers.google.com/workspace/gmail/imap/imap-extensions. */
  get hasLabels(): boolean {
    return this.#client.capabilities.has('X-GM-EXT-1');
  }

  async folders(): Promise<readonly RemoteFolder[]> {
    return this.#asked(async () => {
      return foldersOf(await this.#client.list(), this.#client.namespaces);
    });
  }

  /** Only to be read. */
  async open(path: string): Promise<OpenFolder> {
    return this.#asked(async () => {
      const mailbox: MailboxObject = await this.#client.mailboxOpen(path, { readOnly: true });
      const uidValidity = Number(mailbox.uidValidity ?? 0);
      if (!(uidValidity > 0 && uidValidity <= 0xffff_ffff))
        throw new SourceFailure(
          'refused',
          'the folder has no UIDVALIDITY, so its messages cannot be told apart',
        );
      return { uidValidity, uidNext: mailbox.uidNext ?? 0, exists: mailbox.exists ?? 0 };
    });
  }

  /** Every message of the open folder, in the order in which the server tells of them. */
  async list(take: (message: RemoteMessage) => void): Promise<void> {
    await this.#asked(async () => {
      const query = { uid: true, flags: true, internalDate: true, size: true, labels: this.hasLabels };
      for await (const row of this.#client.fetch('1:*', query, { uid: true })) {
        const message = listedOf(row);
        if (message !== undefined) take(message);
      }
    });
  }

  /** Those of the messages that the server sends; the next one comes when `take` has resolved. */
  async fetch(uids: readonly number[], take: (message: FetchedMessage) => Promise<void>): Promise<void> {
    const wanted = new Set(uids);
    await this.#asked(async () => {
      const query = { uid: true, flags: true, internalDate: true, source: true, labels: this.hasLabels };
      for await (const row of this.#client.fetch(rangeOf(uids), query, { uid: true })) {
        const message = listedOf(row);
        if (message === undefined || row.source === undefined || !wanted.delete(message.uid)) continue;
        await take({ ...message, bytes: row.source });
      }
    });
  }

  /** Fewer octets than asked for: there are no more. Undefined when the message is gone. */
  async piece(uid: number, start: number, length: number): Promise<Buffer | undefined> {
    return this.#asked(async () => {
      const query = { uid: true, source: { start, maxLength: length } };
      const row = await this.#client.fetchOne(String(uid), query, { uid: true });
      if (row === false || row === undefined) return undefined;
      const bytes = row.source ?? Buffer.alloc(0);
      if (bytes.length <= length) return bytes;
      throw new SourceFailure('refused', 'the server sends more than it is asked for');
    });
  }

  async hasMessage(uid: number): Promise<boolean> {
    return this.#asked(async () => {
      const row = await this.#client.fetchOne(String(uid), { uid: true, flags: true }, { uid: true });
      return row !== false && row !== undefined && row.uid === uid;
    });
  }

  close(): void {
    this.#client.close();
  }

  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw error instanceof SourceFailure ? error : failureOf(error);
    }
  }
}

function transportOf({ endpoint, trust, silenceMs }: RemoteOptions): ImapFlowOptions {
  const { host, port, tls } = endpoint;
  const insists = tls === 'upgraded' && !trust.isInsecure;
  return {
    host,
    port,
    secure: tls === 'first',
    // Undefined: where the server offers it.
    ...(tls === 'none' ? { doSTARTTLS: false } : insists ? { doSTARTTLS: true } : {}),
    tls: { rejectUnauthorized: !trust.isInsecure, ...(trust.ca === undefined ? {} : { ca: trust.ca }) },
    logger: false,
    disableAutoIdle: true,
    clientInfo: { name: 'Brevduva' },
    connectionTimeout: silenceMs,
    greetingTimeout: silenceMs,
    socketTimeout: silenceMs,
    maxLineLength: MAX_LINE_BYTES,
    maxLiteralSize: MAX_LITERAL_BYTES,
    maxResponseSize: MAX_LITERAL_BYTES + MAX_LINE_BYTES,
    maxResponseTokens: MAX_TOKENS,
  };
}

async function authOf(signIn: SignIn): Promise<NonNullable<ImapFlowOptions['auth']>> {
  if (signIn.kind === 'token') return { user: signIn.user, accessToken: (await signIn.token()).reveal() };
  const pass = signIn.password.reveal();
  if (signIn.kind === 'password') return { user: signIn.user, pass };
  return { user: signIn.master, pass, authzid: signIn.user, loginMethod: 'AUTH=PLAIN' };
}

/** `1,5:7`. */
function rangeOf(uids: readonly number[]): string {
  const parts: string[] = [];
  for (let at = 0; at < uids.length; ) {
    const first = uids[at] as number;
    let last = first;
    while (uids[++at] === last + 1) last++;
    parts.push(first === last ? `${first}` : `${first}:${last}`);
  }
  return parts.join(',');
}

const UNTRUSTED = /^(?:ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_SSL_)/;

function failureOf(error: unknown, endpoint?: Endpoint): SourceFailure {
  const { code = '', message, ...rest } = error as ImapFlowError & { message: string };
  const { responseStatus, responseText, authenticationFailed, reason, throttleReset } = rest;
  const text = responseText ?? reason ?? (typeof rest.response === 'string' ? rest.response : undefined);
  if (code === 'ETHROTTLE' || isBusy(text ?? '')) {
    const wait = throttleReset === undefined ? {} : { waitMs: throttleReset };
    return new SourceFailure('busy', `the server says that it is too much${said(text)}`, {
      cause: error,
      ...wait,
    });
  }
  if (authenticationFailed === true)
    return new SourceFailure('sign-in', `the server does not let this user in${said(text ?? message)}`, {
      cause: error,
    });
  const failed = `${(error as { _err?: Error })._err?.message ?? message}`;
  if (UNTRUSTED.test(code) || /STARTTLS|certificate|altnames/i.test(failed)) {
    const name = endpoint === undefined ? 'the server' : endpoint.host;
    return new SourceFailure('untrusted', `${name} cannot be trusted: ${failed}`, { cause: error });
  }
  if (responseStatus !== undefined && responseStatus !== 'BYE')
    return new SourceFailure('refused', `the server refused${said(text ?? message)}`, { cause: error });
  return new SourceFailure('lost', lostWords(code, text ?? failed), { cause: error });
}

function lostWords(code: string, text: string): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'nobody answers there';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name of the server is not known';
    case 'ETIMEOUT':
    case 'CONNECT_TIMEOUT':
    case 'GREETING_TIMEOUT':
      return 'the server says nothing any more';
    case 'LiteralTooLarge':
    case 'LineTooLarge':
    case 'ResponseTooLarge':
    case 'TooManyTokens':
    case 'TooManyResponses':
      return 'the server sends more than can be meant';
    default:
      return `the connection broke (${text.slice(0, 300)})`;
  }
}
