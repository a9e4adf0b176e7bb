/**
 * Reports that others send about our domains, as they come in with the mail: read beside their delivery, which they neither hold up nor
 * change, and kept as sums. A stranger may send anything: only what is proved to be from where it says counts, only so much of it is read at
 * once, and only what is about a domain of ours is kept.
 */
import { domainToASCII } from 'node:url';
import { Semaphore } from '../base/gate.ts';
import type { Log } from '../base/log.ts';
import { TimeSlice } from '../base/time-slice.ts';
import type { HeaderBlock } from '../mail/header.ts';
import { readAggregate } from './dmarc/read.ts';
import type { Ledger, ReceivedReport } from './ledger.ts';
import { readTlsReport } from './tls/read.ts';
import { MAX_MESSAGE_BYTES, mayBringReport, unpackReport } from './unpack.ts';

export interface ArrivedMessage {
  readonly header: HeaderBlock;
  readonly sizeBytes: number;
  readonly read: (from: number, to: number) => Buffer | Promise<Buffer>;
}

export interface ReceivedReportsOptions {
  readonly ledger: Pick<Ledger, 'keep'>;
  readonly log: Log;
  /** Whether mail for the domain comes here. */
  readonly isLocal: (domain: string) => Promise<boolean>;
}

const AT_ONCE = 2;
const MOST_WAITING = 20;

export class ReceivedReports {
  readonly #options: ReceivedReportsOptions;
  readonly #gate = new Semaphore(AT_ONCE, MOST_WAITING);

  constructor(options: ReceivedReportsOptions) {
    this.#options = options;
  }

  /** To be called while the message can still be read, once it is taken. Its octets, for `take`; undefined: it brings none. */
  async octetsOf({ header, sizeBytes, read }: ArrivedMessage): Promise<Buffer | undefined> {
    if (sizeBytes > MAX_MESSAGE_BYTES || !mayBringReport(header)) return undefined;
    return Buffer.from(await read(0, sizeBytes));
  }

  /** Resolves when it has been read, and kept if there is something to it. Never rejects. */
  async take(message: Buffer): Promise<void> {
    const { log, ledger } = this.#options;
    try {
      await this.#gate.run(async () => {
        for (const report of await this.#reportsIn(message)) {
          if (!ledger.keep(report)) continue;
          const { kind, domain, organization } = report;
          log.info({ kind, domain, organization }, 'a report about a domain came in');
        }
      });
    } catch (err) {
      log.debug({ err }, 'what came as a report could not be read');
    }
  }

  async #reportsIn(message: Buffer): Promise<readonly ReceivedReport[]> {
    const unpacked = await unpackReport(message);
    if (unpacked === undefined) return [];
    const { kind, octets } = unpacked;
    const summaries =
      kind === 'dmarc' ? [await readAggregate(octets, new TimeSlice())] : readTlsReport(octets);
    const reports: ReceivedReport[] = [];
    for (const summary of summaries) {
      const { organization, reportId, beginMs, endMs } = summary;
      const domain = domainToASCII(summary.domain);
      if (domain === '' || !(await this.#options.isLocal(domain))) continue;
      const about = { kind, domain, organization, reportId, beginMs, endMs };
      reports.push({ ...about, summary: JSON.stringify(summary) });
    }
    return reports;
  }
}
