/** The filters that mail from the world meets, put together from the configuration. */
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { isLoopback } from '../base/ip-address.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/options.ts';
import type { Domain } from '../mailbox/domain.ts';
import { isIn, networks } from '../net/networks.ts';
import { parseBlockLists } from '../spam/block-list.ts';
import { BlockLists } from '../spam/block-lists.ts';
import { Greylist } from '../spam/greylist.ts';
import { GreylistFiles } from '../spam/greylist-files.ts';
import { Rspamd, type RspamdSettings } from '../spam/rspamd.ts';
import { ScanMemory } from '../spam/scan-memory.ts';
import type { SpamServices } from '../spam/spam-check.ts';
import { startTrainer, type Trainer } from '../spam/trainer.ts';

/** `installation`: of the data folder, which nobody outside knows. */
export function spamServices(config: Config, log: Log, installation: string): SpamServices {
  const { dnsbl, greylist, mx } = config;
  const trusted = networks(mx.trustedRelays);
  const nowMs = (): number => systemClock.nowMs();
  const files = new GreylistFiles(join(config.data, 'greylist'), log, nowMs);
  return {
    lists: new BlockLists({ ...dnsbl, lists: parseBlockLists(dnsbl.lists) ?? [] }, log),
    rspamd: config.rspamd.url === '' ? undefined : new Rspamd(rspamdSettings(config)),
    memory: new ScanMemory(),
    greylist: new Greylist({ delayMs: greylist.delay }, files, installation, nowMs),
    greylisted: greylist.enabled ? greylist.whom : 'nobody',
    isRelay: (address) => isIn(trusted, address),
    isTrusted: (address) => isLoopback(address) || isIn(trusted, address),
    believesHeaders: mx.junkHeaders,
  };
}

/** Where nothing is to be learned, nothing is done. */
export function startTraining(config: Config, domain: Domain, log: Log): Trainer {
  if (config.rspamd.controllerUrl === '') return { stop: async () => undefined };
  return startTrainer({ domain, rspamd: new Rspamd(rspamdSettings(config)), log });
}

function rspamdSettings({ rspamd }: Config): RspamdSettings {
  const { url, controllerUrl, password, timeout, maxSize, whenAbsent } = rspamd;
  return { url, controllerUrl, password, timeoutMs: timeout, maxBytes: maxSize, whenAbsent };
}
