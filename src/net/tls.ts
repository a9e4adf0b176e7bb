import { createHash, X509Certificate } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { Log } from '../base/log.ts';
import { TicketKeys } from './ticket-keys.ts';

/**
 * The certificate that new handshakes get, kept fresh while the server runs: renewing it (certbot, lego, a mounted
 * secret) needs no restart and drops nobody. A pair that does not load or does not match is reported and the one in
 * use stays: a half-written file or a wrong key never takes mail down.
 *
 * TLS 1.2 and up. No ALPN list: a client that offers only protocols we do not name must not be refused (some Outlook
 * versions do). Session tickets survive a reload (`ticket-keys.ts`), so that reconnecting phones keep their short handshake.
 */
const POLL_MS = 30_000;
/** A renewal writes two files; both should be there before the pair is judged. */
const SETTLE_MS = 300;

export interface TlsSource {
  current(): SecureContext;
  /** Clients are asked for a certificate, which they may have. */
  readonly asksClients?: boolean;
}

/** A connection that is to become secure, at the server's end. */
export function secured(plain: Socket, tls: TlsSource): TLSSocket {
  // Whoever has no certificate, or one that nobody vouches for, is served like anybody.
  const asking = tls.asksClients === true ? { requestCert: true, rejectUnauthorized: false } : {};
  return new TLSSocket(plain, { isServer: true, secureContext: tls.current(), ...asking });
}

export interface CertificateFiles {
  readonly certificatePath: string;
  readonly keyPath: string;
  /** The authorities whose certificates clients sign in with, and their lists of those that are good no longer. */
  readonly clientAuthorityPath?: string;
}

/** PEM. */
export interface Pair {
  /** With the chain behind it. */
  readonly certificate: string;
  readonly key: string;
}

interface Loaded {
  readonly context: SecureContext;
  readonly certificate: X509Certificate;
  readonly pair: Pair;
  readonly digest: string;
}

export class TlsFiles implements TlsSource {
  #files: CertificateFiles;
  readonly #log: Log;
  readonly #ticketKeys: TicketKeys;
  #watchers: FSWatcher[] = [];
  #loaded: Loaded;
  #rejectedDigest = '';
  #stamp = '';
  #poll: NodeJS.Timeout | undefined;
  #settle: NodeJS.Timeout | undefined;

  private constructor(files: CertificateFiles, log: Log, ticketKeys: TicketKeys, loaded: Loaded) {
    this.#files = files;
    this.#log = log;
    this.#ticketKeys = ticketKeys;
    this.#loaded = loaded;
  }

  /** Throws, naming the file and the fault, when the pair is unusable at start. */
  static async open(files: CertificateFiles, log: Log): Promise<TlsFiles> {
    const ticketKeys = new TicketKeys();
    const loaded = await load(files, ticketKeys);
    const source = new TlsFiles(files, log, ticketKeys, loaded);
    source.#stamp = await stampOf(files);
    source.#warnOfExpiry();
    source.#watch();
    return source;
  }

  get ticketKeys(): TicketKeys {
    return this.#ticketKeys;
  }

  current(): SecureContext {
    return this.#loaded.context;
  }

  get asksClients(): boolean {
    return this.#files.clientAuthorityPath !== undefined;
  }

  get certificate(): X509Certificate {
    return this.#loaded.certificate;
  }

  /** What new handshakes get, for whoever signs in the name of this server. */
  get pair(): Pair {
    return this.#loaded.pair;
  }

  /** Reads the files again, or others in their place; true when a new pair is in use. */
  async reload(files = this.#files): Promise<boolean> {
    let loaded: Loaded;
    try {
      loaded = await load(files, this.#ticketKeys);
    } catch (err) {
      const digest = String((err as Error).message);
      if (digest !== this.#rejectedDigest) {
        this.#log.error({ err, ...files }, 'the new certificate is unusable; the old one stays in use');
      }
      this.#rejectedDigest = digest;
      return false;
    }
    this.#rejectedDigest = '';
    await this.#follow(files);
    if (loaded.digest === this.#loaded.digest) return false;
    this.#loaded = loaded;
    this.#log.info(
      { subject: loaded.certificate.subjectAltName, validTo: loaded.certificate.validTo },
      'a new certificate is in use',
    );
    this.#warnOfExpiry();
    return true;
  }

  close(): void {
    clearInterval(this.#poll);
    clearTimeout(this.#settle);
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }

  async #follow(files: CertificateFiles): Promise<void> {
    if (pathsOf(files).join() === pathsOf(this.#files).join()) return;
    this.close();
    this.#files = files;
    this.#stamp = await stampOf(files);
    this.#watch();
  }

  /** The folders are watched, not the files: renewals replace files and flip symbolic links. The poll is the truth. */
  #watch(): void {
    this.#poll = setInterval(() => void this.#look(), POLL_MS).unref();
    const names = new Map<string, Set<string>>();
    for (const path of pathsOf(this.#files)) {
      const folder = dirname(path);
      names.set(folder, (names.get(folder) ?? new Set()).add(basename(path)));
    }
    for (const folder of names.keys()) {
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#lookSoon());
        watcher.on('error', () => watcher.close());
        this.#watchers.push(watcher);
      } catch (err) {
        this.#log.debug({ err, folder }, 'cannot watch the folder of the certificate; looking now and then');
      }
    }
  }

  #lookSoon(): void {
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => void this.#look(), SETTLE_MS).unref();
  }

  async #look(): Promise<void> {
    const stamp = await stampOf(this.#files);
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    await this.reload();
  }

  #warnOfExpiry(): void {
    const { validToDate, validTo } = this.#loaded.certificate;
    const daysLeft = Math.floor((validToDate.getTime() - Date.now()) / 86_400_000);
    if (daysLeft < 10) this.#log.warn({ validTo, daysLeft }, 'the certificate ends soon or has ended');
  }
}

async function load(files: CertificateFiles, ticketKeys: TicketKeys): Promise<Loaded> {
  const [cert, key] = await Promise.all([readNamed(files.certificatePath), readNamed(files.keyPath)]);
  const ca = files.clientAuthorityPath === undefined ? undefined : await readNamed(files.clientAuthorityPath);
  const certificate = parseNamed(files.certificatePath, () => new X509Certificate(cert));
  const context = parseNamed(`${files.certificatePath} with ${files.keyPath}`, () =>
    createSecureContext({
      ...{ cert, key, ...(ca && authoritiesIn(ca)) },
      minVersion: 'TLSv1.2',
      honorCipherOrder: true,
      sessionIdContext: 'brevduva',
    }),
  );
  ticketKeys.serve(context);
  const pair = { certificate: cert.toString(), key: key.toString() };
  return {
    context,
    certificate,
    pair,
    digest: createHash('sha256')
      .update(cert)
      .update(key)
      .update(ca ?? '')
      .digest('hex'),
  };
}

function pathsOf({ certificatePath, keyPath, clientAuthorityPath }: CertificateFiles): string[] {
  return [certificatePath, keyPath, ...(clientAuthorityPath === undefined ? [] : [clientAuthorityPath])];
}

/** Once there is a list, every authority needs one: what cannot be looked up in one is not good (RFC 5280 §6.3). */
function authoritiesIn(file: Buffer) {
  const crl = file.toString('latin1').match(/-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/g);
  return { ca: file, ...(crl === null ? {} : { crl: [...crl] }) };
}

async function readNamed(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new Error(`cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

function parseNamed<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new Error(`${what}: not a usable certificate and key: ${(cause as Error).message}`, { cause });
  }
}

async function stampOf(files: CertificateFiles): Promise<string> {
  const parts = await Promise.all(
    pathsOf(files).map(async (path) => {
      try {
        const { mtimeMs, size, ino } = await stat(path);
        return `${mtimeMs}:${size}:${ino}`;
      } catch {
        return 'absent';
      }
    }),
  );
  return parts.join(' ');
}
