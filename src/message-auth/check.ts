/**
 * Where a message comes from, checked while it comes: SPF (RFC 7208), DKIM (RFC 6376), ARC (RFC 8617), DMARC (RFC 9989), as a
 * verdict (`verdict.ts`) and as results for the Authentication-Results field (`results-field.ts`).
 *
 * Promises: nothing of the body is kept and of the header no more than is judged; at most ten signatures and a hundred
 * questions to the DNS; an answer within `timeoutMs` of the end of the message, whatever the DNS does. Never throws: what
 * cannot be found out is `temperror`. It changes nothing in the message.
 */

import type { Dns } from '../dns/answer.ts';
import { parseAddressList } from '../mail/address.ts';
import { HeaderGatherer, type HeaderRow, headerRows } from './header-rows.ts';
import { arcResult, dkimResults, dmarcResult, type Evidence, outcomesOf, spfResult } from './outcomes.ts';
import { type AskAsNode, Questions, TIMEOUT_MS, until } from './questions.ts';
import { SignatureCheck, type SignatureOutcome } from './signatures.ts';
import { type Client, checkSpf } from './spf.ts';
import { type MethodResult, type Outcomes, type Verdict, verdictOf } from './verdict.ts';

export interface CheckSettings {
  readonly dns: Dns;
  /** Our name, which stands in the field as who has checked. */
  readonly hostname: string;
  /** Domains whose ARC seal is believed. */
  readonly trustedSealers?: readonly string[];
  readonly timeoutMs?: number;
}

export type { Client };

export interface CheckedMessage {
  readonly verdict: Verdict;
  readonly outcomes: Outcomes;
  readonly results: readonly MethodResult[];
  /** For `seal.ts`, if the message goes on; undefined for one whose header is too large to be judged. */
  readonly signatures: SignatureOutcome | undefined;
}

/** In sum `MAX_QUESTIONS`. */
const QUESTIONS_FOR = { spf: 50, signatures: 26, dmarc: 24 } as const;
const RESERVE_FOR_DMARC_MS = 3000;
const MAX_FROM_BYTES = 16 * 1024;

/** What is loaded at its first use otherwise, and keeps everybody waiting for a tenth of a second then. */
export async function loadChecks(): Promise<void> {
  await Promise.all([
    import('mailauth/lib/spf/index.js'),
    import('mailauth/lib/dkim/dkim-verifier.js'),
    import('mailauth/lib/dmarc/index.js'),
    import('mailauth/lib/arc/index.js'),
  ]);
}

export class MessageCheck {
  readonly #settings: CheckSettings;
  readonly #questions: Questions;
  readonly #spf: Promise<Evidence['spf']>;
  readonly #gatherer = new HeaderGatherer();
  readonly #forSignatures: AskAsNode;
  readonly #forDmarc: AskAsNode;
  #rows: readonly HeaderRow[] | undefined;
  #signatures: Promise<SignatureCheck | undefined> | undefined;
  #ready: SignatureCheck | undefined;
  /** Of the body, until the signatures are read. */
  #waiting: Buffer[] = [];

  /** When the message begins: SPF does too. */
  constructor(settings: CheckSettings, client: Client) {
    this.#settings = settings;
    this.#questions = new Questions(settings.dns);
    const reserveMs = Math.min(RESERVE_FOR_DMARC_MS, (settings.timeoutMs ?? TIMEOUT_MS) / 3);
    this.#forSignatures = this.#questions.share(QUESTIONS_FOR.signatures, reserveMs);
    this.#forDmarc = this.#questions.share(QUESTIONS_FOR.dmarc);
    this.#spf = checkSpf(client, settings, this.#questions.share(QUESTIONS_FOR.spf));
  }

  /** The octets of the message as they come. Whoever gives more first waits for what this gives back, if anything. */
  write(octets: Buffer): Promise<void> | undefined {
    const body = this.#gatherer.write(octets);
    if (this.#signatures === undefined && this.#gatherer.isOver) this.#readHeader();
    if (body.length === 0 || this.#signatures === undefined) return undefined;
    if (this.#ready !== undefined) this.#ready.update(body);
    else if (this.#rows !== undefined) {
      this.#waiting.push(body);
      return this.#signatures.then(() => {});
    }
    return undefined;
  }

  /** The message has come whole. */
  async finish(): Promise<CheckedMessage> {
    const timeoutMs = this.#settings.timeoutMs ?? TIMEOUT_MS;
    const untilMs = performance.now() + timeoutMs;
    this.#questions.endAt(untilMs);
    if (this.#signatures === undefined) this.#readHeader();
    await this.#signatures;
    const signatures = await this.#ready?.finish().catch(() => undefined);
    const spf = await until(untilMs, this.#spf).catch((): Evidence['spf'] => ({
      result: 'temperror',
      domain: '',
    }));
    const dmarc = await this.#checkDmarc(spf, signatures);
    const evidence: Evidence = { spf, dmarc, signatures };
    const outcomes = outcomesOf(evidence, this.#questions.wasBusy);
    return {
      verdict: verdictOf(outcomes, this.#settings.trustedSealers),
      outcomes,
      results: [
        spfResult(evidence),
        ...dkimResults(evidence),
        dmarcResult(evidence),
        arcResult(evidence),
      ].flat(),
      signatures,
    };
  }

  /** Whatever became of it: nothing more is asked. */
  end(): void {
    this.#questions.endAt(0);
  }

  #readHeader(): void {
    const header = this.#gatherer.take();
    this.#rows = this.#gatherer.isTooLarge ? undefined : headerRows(header);
    this.#signatures = this.#begin(this.#rows);
  }

  async #begin(rows: readonly HeaderRow[] | undefined): Promise<SignatureCheck | undefined> {
    if (rows === undefined) return undefined;
    // The policy is there when it is needed, whatever the signatures take.
    this.#checkDmarc(undefined, undefined).catch(() => {});
    const check = await SignatureCheck.begin(rows, this.#forSignatures).catch(() => undefined);
    this.#ready = check;
    for (const body of this.#waiting) check?.update(body);
    this.#waiting = [];
    return check;
  }

  async #checkDmarc(
    spf: Evidence['spf'] | undefined,
    signatures: SignatureOutcome | undefined,
  ): Promise<Evidence['dmarc']> {
    if (this.#rows === undefined) return { skipped: 'header-too-large' };
    const from = authorsOf(this.#rows);
    if (from === undefined) return { skipped: 'header-too-large' };
    try {
      const { default: dmarc } = await import('mailauth/lib/dmarc/index.js');
      const { response, reason } = await dmarc.evaluateDmarc({
        headerFrom: from.addresses,
        fromFields: from.fields,
        spfDomains: spf?.result === 'pass' ? [spf.domain] : [],
        dkimDomains: (signatures?.signatures ?? [])
          .filter(({ status }) => status.result === 'pass')
          .map(({ id, signingDomain = '', status: { underSized } }) => ({
            ...{ domain: signingDomain },
            ...(id === undefined ? {} : { id }),
            ...(underSized === undefined ? {} : { underSized }),
          })),
        resolver: this.#forDmarc,
        strict: true,
      });
      return response === false ? { skipped: reason ?? 'no-author-domain' } : response;
    } catch {
      return { status: { result: 'temperror' }, domain: '' };
    }
  }
}

/** Undefined: more than anybody reads. */
function authorsOf(rows: readonly HeaderRow[]): { addresses: string[]; fields: number } | undefined {
  const fields = rows.filter(({ key }) => key === 'from');
  const bytes = fields.reduce((sum, { line }) => sum + line.length, 0);
  if (bytes > MAX_FROM_BYTES) return undefined;
  const addresses = fields.flatMap(({ line }) =>
    parseAddressList(line.subarray(line.indexOf(0x3a) + 1))
      .filter(({ host }) => host !== undefined)
      .map(({ mailbox = '', host = '' }) => `${mailbox}@${host}`),
  );
  return { addresses, fields: fields.length };
}
