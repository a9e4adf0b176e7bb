/**
 * How the running server is watched: its numbers, its health, and whether it is alive at all.
 */
import type { ListenerFacts, Watch } from '../admin/admin.ts';
import type { RootLog } from '../base/log.ts';
import type { Config } from '../config/options.ts';
import type { TlsFiles } from '../net/tls.ts';
import { healthOf, storeAnswers } from './health.ts';
import type { MailSystem } from './mail-system.ts';
import { Metrics } from './metrics.ts';
import type { QueueNumbers } from './queue-metrics.ts';

export interface Watched {
  readonly config: Config;
  readonly log: RootLog;
  readonly tls: TlsFiles;
  readonly version: string;
}

export interface ServerWatch extends Watch {
  /** For a service manager: false when only a restart can help. */
  isAlive(): Promise<boolean>;
  /** From now on mail is sent. */
  sends(queue: QueueNumbers): void;
  /** From now on all of them accept. */
  listensOn(listeners: readonly ListenerFacts[]): void;
}

export function watchOver(system: MailSystem, { config, log, tls, version }: Watched): ServerWatch {
  const { activity, connections, domain } = system;
  const { data } = config;
  const { accounts, store } = domain;
  const { directory } = store;
  let queue: QueueNumbers | undefined;
  const metrics = new Metrics({
    ...{ version, data, activity, connections, accounts, tls, log },
    queue: () => queue,
  });
  let listening: readonly ListenerFacts[] = [];
  return {
    metrics: () => metrics.text(),
    samples: () => metrics.samples(),
    health: () => healthOf({ data, directory, tls }),
    isAlive: () => storeAnswers(directory),
    listeners: () => listening,
    sends(sending) {
      queue = sending;
    },
    listensOn(listeners) {
      listening = listeners.map(({ name, address }) => ({ name, address }));
    },
  };
}
