/**
 * What is thought of a message from the world beside where it is from: what lists in the DNS say of the address, what the filter of a
 * trusted relay has written, what rspamd says, and whether it comes for the first time (greylisting). Each by option.
 *
 * Who is trusted is on no list and waits for nobody. Memory for messages that are to be scanned is
 * bounded for all of them together. Never throws.
 */
import type { Dns } from '../dns/answer.ts';
import type { BlockLists, Listing } from './block-lists.ts';
import { looksGenerated } from './generated-name.ts';
import type { Greylist } from './greylist.ts';
import { type Judged, type Opinion, together } from './opinion.ts';
import type { Rspamd, ScannedFrom } from './rspamd.ts';
import type { ScanMemory } from './scan-memory.ts';
import { LOOKED_AT_BYTES, upstreamOpinion } from './upstream.ts';

/** Senders whose first mail waits. "suspicious": whose address has no name or a generated one, and of whom no domain is proven. */
export type Greylisted = 'nobody' | 'suspicious' | 'all';

/** The name of an address, one that leads back to it. "unknown": the DNS has not said. */
export type FoundName = { readonly name: string } | 'none' | 'unknown';

export interface SpamServices {
  readonly lists: BlockLists;
  readonly rspamd: Rspamd | undefined;
  readonly memory: ScanMemory;
  /** For whom rspamd wants to wait, and for those who are greylisted. */
  readonly greylist: Greylist;
  readonly greylisted: Greylisted;
  /** A server that passes mail on to this one: where it is from shows no more in the address, and it answers for that. */
  isRelay(address: string): boolean;
  /** This machine, and relays. */
  isTrusted(address: string): boolean;
  /** What their filters write is believed. */
  readonly believesHeaders: boolean;
}

export interface SpamArrival extends Omit<ScannedFrom, 'reverseName'> {
  /** The /24 or /64 of the address. */
  readonly network: string;
  readonly dns: Dns | undefined;
  /** Asked when all has come. */
  readonly reverseName: () => string | undefined;
  /** The same, waited for. */
  readonly foundName: () => Promise<FoundName>;
}

/** Recipients of one message whose first mail is waited for. */
const MAX_TRIPLETS = 50;
const TOO_LARGE = 'it is too large to be shown to rspamd';

export class SpamCheck {
  readonly #services: SpamServices;
  readonly #arrival: SpamArrival;
  readonly #isTrusted: boolean;
  readonly #listing: Promise<Listing>;
  /** For rspamd. */
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** The beginning, of whom a header is believed, whatever the rest is too large or too much for. */
  #head: Buffer[] = [];
  #headBytes = 0;
  #isLost: string | undefined;

  /** When the message begins: lists are asked. */
  constructor(services: SpamServices, arrival: SpamArrival) {
    this.#services = services;
    this.#arrival = arrival;
    this.#isTrusted = services.isTrusted(arrival.address);
    this.#listing = services.lists.look(this.#isTrusted ? undefined : arrival.dns, arrival.address);
  }

  /** The octets of the message as they come; they are kept, not copied. */
  write(octets: Buffer): void {
    if (this.#believesHeader && this.#headBytes < LOOKED_AT_BYTES) {
      const piece = octets.subarray(0, LOOKED_AT_BYTES - this.#headBytes);
      this.#head.push(piece);
      this.#headBytes += piece.length;
    }
    const { rspamd, memory } = this.#services;
    if (rspamd === undefined || this.#isLost !== undefined) return;
    if (this.#bytes + octets.length > rspamd.settings.maxBytes) this.#lose(TOO_LARGE);
    else if (!memory.take(octets.length)) this.#lose('rspamd has too much to do');
    else {
      this.#pieces.push(octets);
      this.#bytes += octets.length;
    }
  }

  /** When all of it has come. `provenDomain`: whom it is proven to be from. */
  async judge(provenDomain: string | undefined): Promise<Judged> {
    const { lists } = this.#services;
    const listing = await this.#listing;
    const opinions: Opinion[] = [lists.opinionOn(listing)];
    if (this.#believesHeader) opinions.push(upstreamOpinion(Buffer.concat(this.#head)));
    // Who is refused anyway is not scanned.
    if (opinions[0]?.action !== 'reject') opinions.push(...(await this.#scan()));
    const { action } = together(opinions);
    if (action === 'accept' || action === 'junk')
      opinions.push(await this.#delay(opinions, listing, provenDomain));
    return together(opinions);
  }

  /** Whatever became of it. */
  end(): void {
    this.#lose('it is over');
    this.#head = [];
  }

  get #believesHeader(): boolean {
    return this.#isTrusted && this.#services.believesHeaders;
  }

  /** The first reason counts. */
  #lose(why: string): void {
    if (this.#services.rspamd !== undefined) this.#services.memory.giveBack(this.#bytes);
    this.#pieces = [];
    this.#bytes = 0;
    this.#isLost ??= why;
  }

  async #scan(): Promise<readonly Opinion[]> {
    const { rspamd } = this.#services;
    if (rspamd === undefined) return [];
    if (this.#isLost === TOO_LARGE) return [{ action: 'accept', reason: TOO_LARGE }];
    if (this.#isLost !== undefined) return [rspamd.absent(this.#isLost)];
    const { reverseName, foundName: _, ...arrival } = this.#arrival;
    return [await rspamd.check(this.#pieces, { ...arrival, reverseName: reverseName() })];
  }

  async #delay(
    opinions: readonly Opinion[],
    listing: Listing,
    provenDomain: string | undefined,
  ): Promise<Opinion> {
    // A list of good senders has it.
    if (this.#isTrusted || listing.points < 0) return { action: 'accept' };
    const isWanted = opinions.some(({ wantsDelay }) => wantsDelay === true);
    if (!isWanted && !(await this.#isGreylisted(provenDomain))) return { action: 'accept' };
    const { greylist } = this.#services;
    const { network, mailFrom, recipients } = this.#arrival;
    const triplets = recipients.slice(0, MAX_TRIPLETS).map((recipient) => ({
      from: provenDomain ?? network,
      sender: mailFrom,
      recipient,
    }));
    if (!(await greylist.delays(triplets))) return { action: 'accept' };
    return { action: 'defer', reason: 'it comes from there for the first time; try again in some minutes' };
  }

  async #isGreylisted(provenDomain: string | undefined): Promise<boolean> {
    const { greylisted } = this.#services;
    if (greylisted !== 'suspicious') return greylisted === 'all';
    if (provenDomain !== undefined) return false;
    const found = await this.#arrival.foundName();
    // Where the DNS does not answer, everybody would be nameless.
    if (found === 'unknown') return false;
    return found === 'none' || looksGenerated(found.name, this.#arrival.address);
  }
}
