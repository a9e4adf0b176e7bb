/** What sends mail, put together from the configuration, for the accounts that this process holds. */
import { join } from 'node:path';
import type { RunningQueue } from '../admin/queue-admin.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/options.ts';
import { forgetAt } from '../delivery/forgetting.ts';
import { passOn } from '../delivery/pass-on.ts';
import type { Dns } from '../dns/answer.ts';
import { DnsShare } from '../dns/share.ts';
import type { Counter } from '../feedback/observation.ts';
import { SentMail } from '../jmap/submission/sent-mail.ts';
import type { SeeBelongings } from '../mailbox/upkeep/waker.ts';
import { NO_RELAY, type Relay } from '../net/relay.ts';
import type { StreamOptions } from '../net/stream.ts';
import { Families } from '../queue/families.ts';
import { Queue } from '../queue/queue.ts';
import { SCHEDULE } from '../queue/schedule.ts';
import { forwardSender } from './forward-sender.ts';
import type { MailSystem } from './mail-system.ts';
import { PauseFile } from './pause-file.ts';
import { languageOf } from './report-language.ts';
import { keysOfDomains } from './signing-keys.ts';
import { smarthostsOf } from './smarthosts.ts';
import { StsFile } from './sts-file.ts';

/** What strangers leave of what the resolver does at once. */
const DNS_SHARE = { atOnce: 40, perAsker: 40, mostWaiting: 10_000, maxWaitMs: 10_000 };

export interface MailQueueOptions {
  readonly config: Config;
  readonly log: Log;
  readonly system: Pick<MailSystem, 'domain' | 'directory' | 'activity' | 'recipients' | 'admin'>;
  readonly dns: Dns;
  readonly stream: StreamOptions;
  /** As one of several: its number. */
  readonly worker?: number;
  readonly relay?: Relay;
  readonly counter?: Pick<Counter, 'session'>;
}

export interface MailQueue {
  readonly queue: Queue;
  /** For what was left behind by a process that was killed. */
  readonly sees: SeeBelongings;
  /** What is under way gets so long. */
  stop(graceMs: number): Promise<void>;
}

export function startMailQueue(options: MailQueueOptions): MailQueue {
  const { config, log, system, stream, worker, relay = NO_RELAY } = options;
  const dns = new DnsShare(options.dns, DNS_SHARE).of('queue');
  const { domain, activity, recipients, admin } = system;
  const families = new Families(dns, config.queue.ip);
  const stsMemory = new StsFile(join(config.data, `mta-sts${worker === undefined ? '' : `-${worker}`}.json`));
  const sent = new SentMail(domain, log);
  domain.turns.outbox.listenForEnds((ids) => {
    for (const id of ids) sent.tried(id);
  });
  const queue = new Queue({
    ...{ domain, log, activity, dns, recipients, stsMemory, hostname: config.hostname },
    ownDomain: config.auth.defaultDomain,
    keysOf: keysOfDomains(domain.store.directory.domains),
    addresses: { allowsPrivate: config.queue.allowPrivate, uses: families.uses },
    most: config.queue.connections,
    schedule: {
      ...SCHEDULE,
      ...{ gapsMs: config.queue.retry, giveUpMs: config.queue.giveUp, warnMs: config.queue.warn },
    },
    rewrite: forwardSender(config, system.directory.installation, domain.clock),
    languageOf: languageOf(config),
    passOn: (message) =>
      passOn({ relay, stream, nowMs: () => domain.clock.nowMs() }, { ...message, ...message.message }),
    onTried: (id) => sent.tried(id),
    forgetAt: (holder, keys) => forgetAt(relay, holder, keys),
    smarthosts: smarthostsOf(config),
    ...(options.counter && { counter: options.counter }),
  });
  families.start();
  const paused = new PauseFile(config.data);
  if (paused.isThere) {
    log.warn({ file: paused.path }, 'sending is paused; "brevduva queue resume" goes on');
    queue.pause();
  }
  queue.start();
  admin.queue.running = runningQueue(queue, paused);
  return {
    queue,
    sees: (account, rows) => sent.saw(account, rows),
    async stop(graceMs) {
      admin.queue.running = undefined;
      families.stop();
      await queue.stop(graceMs);
      sent.stop();
      stsMemory.close();
    },
  };
}

/** What an administrator sees of it. That it is paused is written down before it is so. */
function runningQueue(queue: Queue, paused: PauseFile): RunningQueue {
  return {
    get isPaused() {
      return queue.isPaused;
    },
    pause() {
      paused.keep(true);
      queue.pause();
    },
    resume() {
      paused.keep(false);
      queue.resume();
    },
    forgive: () => queue.forgive(),
    writeDown: (ids) => queue.writeDown(ids),
    destinations: () => queue.destinations(),
  };
}
