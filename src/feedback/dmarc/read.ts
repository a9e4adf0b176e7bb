/**
 * What somebody else's aggregate report says of mail in the name of a domain of ours (RFC 7489 appendix C, and what has been added since): read
 * leniently, for no two of those who write them agree, and summed by where the mail came from.
 */
import { isIP } from 'node:net';
import type { TimeSlice } from '../../base/time-slice.ts';
import { BadXml, xmlEvents } from './elements.ts';

/** Mail from one address. */
export interface SourceSum {
  readonly address: string;
  messages: number;
  /** Of which so many were proved to be the domain's. */
  passed: number;
  dkimPassed: number;
  spfPassed: number;
  quarantined: number;
  rejected: number;
  /** Domains that have signed it, or let it be sent, whether or not that counted. */
  readonly signers: string[];
  readonly senders: string[];
}

export interface AggregateSummary {
  readonly organization: string;
  readonly email: string;
  readonly reportId: string;
  readonly beginMs: number;
  readonly endMs: number;
  readonly domain: string;
  readonly policy: string;
  readonly messages: number;
  readonly passed: number;
  /** The largest first; what is beyond the last one kept is in the sums above alone. */
  readonly sources: readonly SourceSum[];
}

const MAX_RECORDS = 50_000;
const MAX_SOURCES = 5000;
const KEPT_SOURCES = 100;
const MAX_NAMES = 5;
const MAX_TEXT = 255;
const MAX_COUNT = 1e9;
const EVENTS_A_LOOK = 500;

/** Throws `BadXml` for what is none. */
export async function readAggregate(octets: Buffer, slice: TimeSlice): Promise<AggregateSummary> {
  const reading = new Reading();
  let events = 0;
  for (const event of xmlEvents(octets.toString('utf8').replace(/^\ufeff/, ''))) {
    if (event.kind === 'open') reading.open(event.name);
    else if (event.kind === 'text') reading.text(event.text);
    else reading.close(event.name);
    if (++events % EVENTS_A_LOOK === 0) await slice.spent();
  }
  return reading.summary();
}

class Reading {
  readonly #path: string[] = [];
  readonly #facts = new Map<string, string>();
  readonly #sources = new Map<string, SourceSum>();
  #record = new Map<string, string[]>();
  #text = '';
  #records = 0;
  #messages = 0;
  #passed = 0;

  open(name: string): void {
    this.#path.push(name);
    this.#text = '';
    if (name === 'record') this.#record = new Map();
  }

  text(text: string): void {
    if (this.#text.length < MAX_TEXT) this.#text += text.slice(0, MAX_TEXT);
  }

  close(name: string): void {
    const path = this.#path.slice(1).join('/');
    const text = this.#text
      .trim()
      .replace(/\p{Cc}/gu, ' ')
      .slice(0, MAX_TEXT);
    this.#path.pop();
    this.#text = '';
    if (path.startsWith('record/')) {
      const known = this.#record.get(path) ?? [];
      if (text !== '' && known.length < MAX_NAMES) this.#record.set(path, [...known, text]);
    } else if (name === 'record') this.#endRecord();
    else if (text !== '' && !this.#facts.has(path)) this.#facts.set(path, text);
  }

  #endRecord(): void {
    if (++this.#records > MAX_RECORDS) throw new BadXml('it has too many records');
    const one = (path: string): string => this.#record.get(`record/${path}`)?.[0] ?? '';
    const [address, count] = [one('row/source_ip'), Number(one('row/count'))];
    if (isIP(address) === 0 || !Number.isInteger(count) || count < 1 || count > MAX_COUNT) return;
    const isPass = (method: string): boolean =>
      one(`row/policy_evaluated/${method}`).toLowerCase() === 'pass';
    const [dkim, spf] = [isPass('dkim'), isPass('spf')];
    const disposition = one('row/policy_evaluated/disposition').toLowerCase();
    this.#messages += count;
    if (dkim || spf) this.#passed += count;
    const source = this.#sources.get(address) ?? newSource(address);
    if (!this.#sources.has(address)) {
      if (this.#sources.size >= MAX_SOURCES) return;
      this.#sources.set(address, source);
    }
    source.messages += count;
    if (dkim || spf) source.passed += count;
    if (dkim) source.dkimPassed += count;
    if (spf) source.spfPassed += count;
    if (disposition === 'quarantine') source.quarantined += count;
    if (disposition === 'reject') source.rejected += count;
    for (const name of this.#record.get('record/auth_results/dkim/domain') ?? []) add(source.signers, name);
    for (const name of this.#record.get('record/auth_results/spf/domain') ?? []) add(source.senders, name);
  }

  summary(): AggregateSummary {
    const fact = (path: string): string => this.#facts.get(path) ?? '';
    const domain = fact('policy_published/domain').toLowerCase().replace(/\.$/, '');
    const seconds = (path: string): number => Number(fact(`report_metadata/date_range/${path}`));
    const [begin, end] = [seconds('begin'), seconds('end')];
    if (domain === '' || !isMoment(begin) || !isMoment(end) || end < begin)
      throw new BadXml('it does not say what it is about');
    const sources = [...this.#sources.values()].sort((a, b) => b.messages - a.messages);
    return {
      organization: fact('report_metadata/org_name') || fact('report_metadata/email'),
      email: fact('report_metadata/email'),
      reportId: fact('report_metadata/report_id'),
      ...{ beginMs: begin * 1000, endMs: end * 1000, domain },
      policy: fact('policy_published/p'),
      ...{ messages: this.#messages, passed: this.#passed },
      sources: sources.slice(0, KEPT_SOURCES),
    };
  }
}

function newSource(address: string): SourceSum {
  const sums = { messages: 0, passed: 0, dkimPassed: 0, spfPassed: 0, quarantined: 0, rejected: 0 };
  return { address, ...sums, signers: [], senders: [] };
}

function add(names: string[], name: string): void {
  const plain = name.toLowerCase();
  if (names.length < MAX_NAMES && !names.includes(plain)) names.push(plain);
}

/** Seconds, of this century. */
function isMoment(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds > 946_684_800 && seconds < 4_102_444_800;
}
