/**
 * One certificate: got, and renewed in time. A look changes nothing or puts a new file in the place of the old one; a try that fails
 * changes nothing but when the next one is.
 */
import { createHash, X509Certificate } from 'node:crypto';
import type { Log } from '../base/log.ts';
import type { Proofs } from './challenge.ts';
import { readIfThere, writeWhole } from './files.ts';
import { obtain } from './order.ts';
import { certificateId } from './request.ts';
import { gapAfterMs, lookAgainMs, readWindow, renewalMs, type SuggestedWindow } from './schedule.ts';
import type { CertificateState } from './state.ts';
import { AcmeProblem, type AcmeWire } from './wire.ts';

export interface Wanted {
  readonly id: string;
  readonly path: string;
  readonly names: readonly string[];
  /** Without this name it is of no use. */
  readonly mustHave?: string;
}

export interface KeptOptions {
  readonly account: () => Promise<AcmeWire>;
  readonly proofs: Proofs;
  readonly log: Log;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

export interface Looked {
  readonly state: CertificateState;
  /** Until the next look. */
  readonly waitMs: number;
  /** There is a new one. */
  readonly issued?: X509Certificate;
  /** Why there is none although it was time. */
  readonly error?: Error;
}

const DAY_MS = 86_400_000;
/** How often the authority is asked when to renew. */
const ASK_MS = DAY_MS / 4;
/** Days before the end at which an error is worth a louder word. */
const LOUD_DAYS = [14, 3];

export class KeptCertificate {
  readonly #options: KeptOptions;
  #suggested: SuggestedWindow | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  #warnedDays = Number.POSITIVE_INFINITY;

  constructor(options: KeptOptions) {
    this.#options = options;
  }

  /** Throws only when it was told to stop, or the files cannot be used. */
  async look(wanted: Wanted, state: CertificateState): Promise<Looked> {
    const nowMs = this.#options.nowMs();
    const pem = await readIfThere(wanted.path);
    const certificate = pem === undefined ? undefined : issuedBy(pem);
    const names = wanted.names.filter((name) => !isLeftOut(state, name, nowMs));
    if (names.length === 0) return { state, waitMs: ASK_MS };
    const dueMs =
      certificate === undefined ? 0 : await this.#dueMs(certificate, pem ?? '', { ...wanted, names }, state);
    this.#warn(wanted, certificate, state);
    const tryMs = Math.max(dueMs, state.nextMs);
    if (tryMs > nowMs) return { state, waitMs: lookAgainMs(nowMs, tryMs) };
    return this.#renew({ ...wanted, names }, certificate === undefined ? undefined : pem, state);
  }

  /** In the past: now. */
  async #dueMs(
    certificate: X509Certificate,
    pem: string,
    { names, mustHave }: Wanted,
    state: CertificateState,
  ): Promise<number> {
    const missing = names.filter((name) => certificate.checkHost(name) === undefined);
    if (mustHave !== undefined && missing.includes(mustHave)) return 0;
    // A name that has come waits a day after the last certificate, as authorities count how many there are.
    if (missing.length > 0) return (state.renewedMs ?? 0) + DAY_MS;
    const { validFromDate, validToDate, fingerprint256 } = certificate;
    const chance = createHash('sha256').update(fingerprint256).digest().readUInt32BE() / 2 ** 32;
    const lifetime = { fromMs: validFromDate.getTime(), toMs: validToDate.getTime() };
    return renewalMs(lifetime, chance, await this.#suggestion(pem));
  }

  /** What the authority says of this certificate (RFC 9773 §4); nothing, when it does not say, or cannot be asked. */
  async #suggestion(pem: string): Promise<SuggestedWindow | undefined> {
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#askedMs < ASK_MS) return this.#suggested;
    this.#askedMs = nowMs;
    try {
      const wire = await this.#options.account();
      const { renewalInfo } = await wire.directory();
      const id = await certificateId(pem);
      this.#suggested =
        renewalInfo === undefined || id === undefined
          ? undefined
          : readWindow((await wire.get(`${renewalInfo}/${id}`)).body);
    } catch (err) {
      this.#options.log.debug({ err }, 'the authority does not say when to renew');
    }
    return this.#suggested;
  }

  async #renew(wanted: Wanted, old: string | undefined, state: CertificateState): Promise<Looked> {
    const { proofs, log, signal, account } = this.#options;
    const { names, path, mustHave } = wanted;
    const nowMs = this.#options.nowMs();
    try {
      const wire = await account();
      const { renewalInfo } = await wire.directory();
      const replaces = renewalInfo !== undefined && old !== undefined ? await certificateId(old) : undefined;
      const issued = await obtain({ wire, proofs, names, mustHave, replaces, oldKey: old, signal });
      await writeWhole(path, issued.pem);
      this.#askedMs = Number.NEGATIVE_INFINITY;
      const failed = Object.fromEntries(
        Object.entries(state.failed).filter(([name]) => !names.includes(name) && wanted.names.includes(name)),
      );
      for (const [name, why] of issued.failed) failed[name] = { why, atMs: nowMs };
      const certificate = new X509Certificate(issued.pem);
      const { validTo } = certificate;
      log.info(
        { names: issued.names, validTo, leftOut: Object.keys(failed) },
        'a new certificate was issued',
      );
      const next: CertificateState = {
        names: issued.names,
        failed,
        failures: 0,
        nextMs: 0,
        renewedMs: nowMs,
      };
      return { state: next, waitMs: lookAgainMs(nowMs, nowMs + DAY_MS), issued: certificate };
    } catch (cause) {
      if (signal.aborted) throw cause;
      return this.#failed(cause as Error, state);
    }
  }

  #failed(error: Error, state: CertificateState): Looked {
    const nowMs = this.#options.nowMs();
    const failures = state.failures + 1;
    const asked = error instanceof AcmeProblem ? (error.retryAfterMs ?? 0) : 0;
    const gapMs = Math.max(gapAfterMs(failures), Math.min(asked, 7 * DAY_MS));
    const nextMs = nowMs + gapMs;
    const nextTry = new Date(nextMs).toISOString();
    this.#options.log.error({ err: error, nextTry }, 'no certificate could be got; what there is stays');
    return {
      state: { ...state, failures, why: error.message, nextMs },
      waitMs: lookAgainMs(nowMs, nextMs),
      error,
    };
  }

  #warn({ names }: Wanted, certificate: X509Certificate | undefined, { why }: CertificateState): void {
    if (certificate === undefined) return;
    const daysLeft = Math.floor((certificate.validToDate.getTime() - this.#options.nowMs()) / DAY_MS);
    if (daysLeft > (LOUD_DAYS[0] ?? 0)) this.#warnedDays = Number.POSITIVE_INFINITY;
    const passed = LOUD_DAYS.findLast((days) => daysLeft <= days && days < this.#warnedDays);
    if (passed === undefined) return;
    this.#warnedDays = passed;
    this.#options.log.error({ names, daysLeft, why }, 'a certificate ends soon and is not renewed yet');
  }
}

/** Undefined for the self-signed one that stands in until there is another, and for what is none. */
function issuedBy(pem: string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(pem);
    const isSelfSigned =
      certificate.issuer === certificate.subject && certificate.verify(certificate.publicKey);
    return isSelfSigned ? undefined : certificate;
  } catch {
    return undefined;
  }
}

function isLeftOut({ failed }: CertificateState, name: string, nowMs: number): boolean {
  const one = failed[name];
  return one !== undefined && nowMs - one.atMs < DAY_MS;
}
