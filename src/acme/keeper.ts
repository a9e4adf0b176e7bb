/**
 * Keeps a certificate for this server: gets the first, renews each in time, takes in names that have come, and sees to it that
 * what was got is what is served. The file that new handshakes read is replaced in one step; no connection is dropped.
 *
 * Only one process of a server does this. A try that fails changes nothing but when the next one is.
 */
import { createHash, X509Certificate } from 'node:crypto';
import type { Log } from '../base/log.ts';
import { forgetAccount, openAccount } from './account.ts';
import type { Method } from './challenge.ts';
import { type AcmePaths, makeFolders, readIfThere, writeWhole } from './files.ts';
import { obtain } from './order.ts';
import { certificateId } from './request.ts';
import { gapAfterMs, lookAgainMs, readWindow, renewalMs, type SuggestedWindow } from './schedule.ts';
import { type AcmeState, readState, writeState } from './state.ts';
import { AcmeProblem, type AcmeWire } from './wire.ts';

export interface KeeperOptions {
  readonly paths: AcmePaths;
  readonly directory: string;
  readonly email: string;
  /** PEM of an authority that vouches for the ACME server itself. */
  readonly ca?: string | undefined;
  /** Those that we can answer. */
  readonly methods: readonly Method[];
  /** The host name of this server first; of the others those that lead here. */
  names(): Promise<readonly string[]>;
  /** Connects to the own ports, and says which serve another certificate than this; undefined: all serve it. */
  prove(fingerprint256: string): Promise<string | undefined>;
  readonly nowMs?: () => number;
  readonly log: Log;
}

/** More do not go into a certificate with the usual authority. */
const MAX_NAMES = 100;
const DAY_MS = 86_400_000;
/** Days before the end at which an error is worth a louder word. */
const LOUD_DAYS = [14, 3];

export class CertificateKeeper {
  readonly #options: KeeperOptions;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #warnedDays = Number.POSITIVE_INFINITY;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Looks at once, and again and again. */
  start(): void {
    this.#running = this.#look();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #look(): Promise<void> {
    const { log } = this.#options;
    let waitMs = gapAfterMs(1);
    try {
      waitMs = await this.#once();
    } catch (err) {
      if (!this.#stop.signal.aborted) log.error({ err }, 'the certificate could not be looked after');
    }
    if (this.#stop.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#look();
    }, waitMs).unref();
  }

  /** One look; gives how long until the next. */
  async #once(): Promise<number> {
    const { paths } = this.#options;
    await makeFolders(paths);
    const nowMs = this.#nowMs();
    const state = await readState(paths);
    const served = await readIfThere(paths.served);
    const certificate = served === undefined ? undefined : issuedBy(served);
    const all = await this.#options.names();
    const names = all.slice(0, MAX_NAMES).filter((name) => !isLeftOut(state, name, nowMs));
    const dueMs = await this.#dueMs(certificate, served ?? '', names, state);
    this.#warn(certificate, nowMs, state);
    const tryMs = Math.max(dueMs, state.nextMs);
    if (tryMs > nowMs) return lookAgainMs(nowMs, tryMs);
    return this.#renew(names, all.slice(MAX_NAMES), certificate === undefined ? undefined : served, state);
  }

  /** In the past: now. */
  async #dueMs(
    certificate: X509Certificate | undefined,
    pem: string,
    names: readonly string[],
    state: AcmeState,
  ): Promise<number> {
    if (certificate === undefined) return 0;
    const isMissing = names.some((name) => certificate.checkHost(name) === undefined);
    // A name that has come waits a day after the last certificate, as authorities count how many there are.
    if (isMissing)
      return (state.renewedMs ?? 0) + (certificate.checkHost(names[0] ?? '') === undefined ? 0 : DAY_MS);
    const { validFromDate, validToDate, fingerprint256 } = certificate;
    const chance = createHash('sha256').update(fingerprint256).digest().readUInt32BE() / 2 ** 32;
    const lifetime = { fromMs: validFromDate.getTime(), toMs: validToDate.getTime() };
    return renewalMs(lifetime, chance, await this.#suggested(pem));
  }

  /** What the authority says of this certificate (RFC 9773 §4); nothing, when it does not say, or cannot be asked. */
  async #suggested(pem: string): Promise<SuggestedWindow | undefined> {
    try {
      const wire = await this.#account();
      const { renewalInfo } = await wire.directory();
      const id = await certificateId(pem);
      if (renewalInfo === undefined || id === undefined) return undefined;
      return readWindow((await wire.get(`${renewalInfo}/${id}`)).body);
    } catch (err) {
      this.#options.log.debug({ err }, 'the authority does not say when to renew');
      return undefined;
    }
  }

  async #renew(
    names: readonly string[],
    tooMany: readonly string[],
    served: string | undefined,
    state: AcmeState,
  ): Promise<number> {
    const { paths, methods, log, directory } = this.#options;
    const nowMs = this.#nowMs();
    try {
      const wire = await this.#account();
      const { renewalInfo } = await wire.directory();
      const replaces =
        renewalInfo !== undefined && served !== undefined ? await certificateId(served) : undefined;
      const issued = await obtain({ wire, paths, names, methods, replaces, signal: this.#stop.signal });
      await writeWhole(paths.served, issued.pem);
      const failed = Object.fromEntries(
        Object.entries(state.failed).filter(
          ([name]) => !issued.names.includes(name) && isLeftOut(state, name, nowMs),
        ),
      );
      for (const [name, why] of issued.failed) failed[name] = { why, atMs: nowMs };
      for (const name of tooMany)
        failed[name] = { why: `a certificate has at most ${MAX_NAMES} names`, atMs: nowMs };
      await writeState(paths, { names: issued.names, failed, failures: 0, nextMs: 0, renewedMs: nowMs });
      const { fingerprint256, validTo } = new X509Certificate(issued.pem);
      log.info(
        { names: issued.names, validTo, leftOut: Object.keys(failed) },
        'a new certificate was issued',
      );
      const fault = await this.#options.prove(fingerprint256);
      if (fault !== undefined) log.error({ fault }, 'the new certificate is not what is served');
      return lookAgainMs(nowMs, nowMs + DAY_MS);
    } catch (error) {
      if (this.#stop.signal.aborted) throw error;
      if (error instanceof AcmeProblem && error.is('accountDoesNotExist'))
        await forgetAccount(paths, directory);
      const failures = state.failures + 1;
      const asked = error instanceof AcmeProblem ? (error.retryAfterMs ?? 0) : 0;
      const gapMs = Math.max(gapAfterMs(failures), Math.min(asked, 7 * DAY_MS));
      const why = (error as Error).message;
      await writeState(paths, { ...state, failures, why, nextMs: nowMs + gapMs });
      log.error(
        { err: error, nextTry: new Date(nowMs + gapMs).toISOString() },
        'no certificate could be got; the one in use stays',
      );
      return lookAgainMs(nowMs, nowMs + gapMs);
    }
  }

  #account(): Promise<AcmeWire> {
    const { paths, directory, email, ca } = this.#options;
    return openAccount(paths, { directory, email, ca });
  }

  #warn(certificate: X509Certificate | undefined, nowMs: number, { why }: AcmeState): void {
    if (certificate === undefined) return;
    const daysLeft = Math.floor((certificate.validToDate.getTime() - nowMs) / DAY_MS);
    const passed = LOUD_DAYS.find((days) => daysLeft <= days && days < this.#warnedDays);
    if (passed === undefined) return;
    this.#warnedDays = passed;
    this.#options.log.error({ daysLeft, why }, 'the certificate ends soon and is not renewed yet');
  }

  #nowMs(): number {
    return (this.#options.nowMs ?? Date.now)();
  }
}

/** Undefined for the self-signed one that stands in until there is another, and for what is none. */
function issuedBy(pem: string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(pem);
    return certificate.issuer === certificate.subject && certificate.verify(certificate.publicKey)
      ? undefined
      : certificate;
  } catch {
    return undefined;
  }
}

function isLeftOut({ failed }: AcmeState, name: string, nowMs: number): boolean {
  const one = failed[name];
  return one !== undefined && nowMs - one.atMs < DAY_MS;
}
