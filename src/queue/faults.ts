/**
 * Faults of ours in one message: it is put off for long, and after several of them held for a person, so that neither a crash in a
 * loop nor mail that is gone without a word comes of it. A message whose octets are lost is held at once.
 */
import type { Log } from '../base/log.ts';
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { Outgoing, RecipientChange } from '../mailbox/model/outgoing.ts';
import { nextTryMs, type Schedule } from './schedule.ts';
import type { Settler } from './settler.ts';

const MOST = 5;
/** In `lastReply`, where they are counted. */
const COUNTED = /^4\.3\.5 fault (\d+) of this server/;

export interface FaultsOptions {
  readonly domain: Pick<Domain, 'clock'>;
  readonly log: Log;
  readonly settler: Settler;
  readonly schedule: Schedule;
  readonly random: () => number;
}

export class Faults {
  readonly #options: FaultsOptions;

  constructor(options: FaultsOptions) {
    this.#options = options;
  }

  /** Returns when it is tried again; undefined when it is held. */
  async note(
    { row, recipients }: Outgoing,
    which: ReadonlySet<number>,
    error: unknown,
  ): Promise<number | undefined> {
    const { domain, log, settler, schedule, random } = this.#options;
    const atMs = domain.clock.nowMs();
    const isLost = error instanceof MailboxError && error.code === 'damaged';
    log.error({ err: error, outgoing: row.id, sender: row.sender }, 'mail could not be worked on');
    const words = isLost ? 'what is stored of the message is damaged' : String(error);
    let nextMs: number | undefined;
    const changes = recipients.flatMap(
      ({ n, state, address, attempts, lastReply = '' }): RecipientChange[] => {
        if (!which.has(n) || state !== 'waiting') return [];
        const faults = Number(COUNTED.exec(lastReply)?.[1] ?? 0) + 1;
        const said = `4.3.5 fault ${faults} of this server: ${words}`.slice(0, 400);
        const log = { atMs, address, detail: said } as const;
        const last = { lastAtMs: atMs, lastReply: said };
        const when = ['waiting'] as const;
        if (isLost || faults >= MOST) {
          const become = { ...last, state: 'held', nextMs: undefined } as const;
          return [{ outgoing: row.id, n, when, become, log: { ...log, event: 'held' } }];
        }
        nextMs = nextTryMs(schedule, Number.MAX_SAFE_INTEGER, atMs, random());
        const become = { ...last, attempts: attempts + 1, nextMs };
        return [{ outgoing: row.id, n, when, become, log: { ...log, event: 'deferred' } }];
      },
    );
    await settler.settle(changes);
    return nextMs;
  }
}
