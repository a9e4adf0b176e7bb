/**
 * What is found out about a message from a stranger while it comes: how many hops it has, and, where the DNS can be asked, where it is
 * from (`message-auth/check.ts`). Results fields that speak in our name are taken out of it.
 */
import { EMPTY } from '../base/bytes.ts';
import type { Judgement } from '../delivery/judgement.ts';
import { MAX_HOPS } from '../delivery/trace.ts';
import type { Counter } from '../feedback/observation.ts';
import { type CheckedMessage, type CheckSettings, type Client, MessageCheck } from '../message-auth/check.ts';
import { resultsField } from '../message-auth/results-field.ts';
import { ResultsFilter } from '../message-auth/results-filter.ts';
import { isAuthorKnown, isSenderKnown, type Verdict } from '../message-auth/verdict.ts';
import { verdictField } from '../message-auth/verdict-field.ts';
import type { DataRead } from '../smtp/input.ts';
import type { Reply } from '../smtp/reply.ts';
import type { ReadMessage } from '../smtp/role.ts';
import { type Judged, stricter } from '../spam/opinion.ts';
import { type SpamArrival, SpamCheck, type SpamServices } from '../spam/spam-check.ts';
import { HopCounter } from './hops.ts';
import { observationOf } from './observed.ts';

export interface AssessmentSettings {
  /** Our name, which stands in the results field. */
  readonly hostname: string;
  /** Undefined: nothing is checked. */
  readonly check: CheckSettings | undefined;
  /** Who counts for the domains in whose name mail comes. */
  readonly counter?: Pick<Counter, 'message'>;
  /** Undefined: nothing else is asked. */
  readonly spam: { readonly services: SpamServices; readonly arrival: SpamArrival } | undefined;
}

const NOTHING_KNOWN: Verdict = Object.freeze({ action: 'accept', reasons: [] });
const NOTHING_SAID: Judged = Object.freeze({ action: 'accept', reasons: [], fields: '' });
const IN_A_CIRCLE: Reply = { code: 554, text: '5.4.6 the message goes in a circle' };
/** What a line of a reply has room for (RFC 5321 §4.5.3.1.5). */
const MAX_REASON = 400;

export class Assessment {
  readonly #hostname: string;
  readonly #settings: AssessmentSettings;
  readonly #client: Client;
  readonly #hops = new HopCounter();
  readonly #filter: ResultsFilter;
  readonly #check: MessageCheck | undefined;
  readonly #spam: SpamCheck | undefined;

  /** When the message begins: what can be found out about the sender is asked for. */
  constructor(settings: AssessmentSettings, client: Client) {
    const { hostname, check, spam } = settings;
    this.#hostname = hostname;
    this.#settings = settings;
    this.#client = client;
    this.#filter = new ResultsFilter([hostname]);
    this.#check = check === undefined ? undefined : new MessageCheck(check, client);
    this.#spam = spam && new SpamCheck(spam.services, spam.arrival);
  }

  /** Reads as `read` does, looks at what it has read, and gives it on without what is not to be believed. */
  through(read: ReadMessage): ReadMessage {
    return async () => {
      const piece = await read();
      if (piece === undefined) return undefined;
      this.#hops.write(piece.bytes);
      this.#spam?.write(piece.bytes);
      await this.#check?.write(piece.bytes);
      return this.#filtered(piece);
    };
  }

  /** The message has come whole. `received`: the trace field of this hop. */
  async judge(received: Buffer): Promise<Judgement> {
    if (this.#hops.count >= MAX_HOPS)
      return { kind: 'refused', reply: IN_A_CIRCLE, verdict: `it has more than ${MAX_HOPS} hops` };
    const checked = await this.#check?.finish();
    if (checked !== undefined) this.#count(checked);
    const authentic = this.#vouched(checked?.verdict ?? NOTHING_KNOWN);
    if (authentic.action === 'reject' || authentic.action === 'defer') return refusal(authentic);
    const { action, reasons, fields } = (await this.#spam?.judge(this.#provenBy(checked))) ?? NOTHING_SAID;
    const verdict: Verdict = {
      action: stricter(authentic.action, action),
      reasons: [...authentic.reasons, ...reasons],
    };
    // What is refused is refused for what was found against it.
    if (verdict.action === 'reject' || verdict.action === 'defer') return refusal({ ...verdict, reasons });
    const isJunk = verdict.action === 'junk';
    const found = Buffer.from(`${fieldsOf(this.#hostname, checked, verdict)}${fields}`, 'utf8');
    return {
      kind: 'taken',
      fields: Buffer.concat([found, received]),
      isJunk,
      isAuthentic: checked !== undefined && isSenderKnown(checked.outcomes, this.#client.mailFrom),
      isAuthorKnown: checked !== undefined && isAuthorKnown(checked.outcomes),
      ...(verdict.reasons.length > 0 && { verdict: verdict.reasons.join('; ') }),
    };
  }

  get #isRelayed(): boolean {
    return this.#settings.spam?.services.isRelay(this.#client.address) === true;
  }

  /** Whoever passes mail on to us sends in the name of everybody: he has judged it, and by his address nobody can. */
  #vouched(verdict: Verdict): Verdict {
    if (!this.#isRelayed || verdict.action === 'accept') return verdict;
    const reason = 'a relay that we trust has passed it on, and answers for it';
    return { action: 'accept', reasons: [...verdict.reasons, reason] };
  }

  /** The domain of the sender, when it is known that it is from there. */
  #provenBy(checked: CheckedMessage | undefined): string | undefined {
    if (checked === undefined || !isSenderKnown(checked.outcomes, this.#client.mailFrom)) return undefined;
    return this.#client.mailFrom.slice(this.#client.mailFrom.lastIndexOf('@') + 1).toLowerCase();
  }

  /** Nobody wants to know any more: nothing more is asked. */
  end(): void {
    this.#check?.end();
    this.#spam?.end();
  }

  #count(checked: CheckedMessage): void {
    // Its address says nothing of how mail in their name fares.
    if (this.#isRelayed) return;
    const { counter, check } = this.#settings;
    const seen = counter && observationOf(checked, this.#client, check?.trustedSealers);
    if (seen !== undefined) counter?.message(seen);
  }

  #filtered({ bytes, isLast }: DataRead): DataRead {
    const kept = this.#filter.write(bytes);
    if (isLast) kept.push(...this.#filter.end());
    const [only = EMPTY] = kept;
    return { bytes: kept.length < 2 ? only : Buffer.concat(kept), isLast };
  }
}

function fieldsOf(hostname: string, checked: CheckedMessage | undefined, verdict: Verdict): string {
  if (checked !== undefined) return `${resultsField(hostname, checked.results)}${verdictField(verdict)}`;
  return verdict.reasons.length > 0 ? verdictField(verdict) : '';
}

/** Replies are ASCII (RFC 6531 §3.7.4.2). */
function refusal({ action, reasons, enhancedCode }: Verdict): Judgement {
  const verdict = reasons.join('; ');
  const [code, enhanced] =
    action === 'reject' ? [550, enhancedCode ?? '5.7.1'] : [451, enhancedCode ?? '4.7.0'];
  const words = verdict.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_REASON);
  return { kind: 'refused', reply: { code, text: `${enhanced} ${words}` }, verdict };
}
