/** Whether telephones are told of new mail by Apple, and by whom: `doubts.ts` refuses a configuration that says half of it. */
import { type ApplePush, startApplePush } from '../apple-push/watching.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/options.ts';
import { Outward } from '../http/outward.ts';
import { Sharing } from '../identity/sharing.ts';
import type { Domain } from '../mailbox/domain.ts';

interface ApplePushSettings {
  readonly topic: string;
  readonly url: string;
}

export function applePushOf({ applePush }: Pick<Config, 'applePush'>): ApplePushSettings | undefined {
  const { topic, url } = applePush;
  return topic === '' || url === '' ? undefined : { topic, url };
}

export function applePushFor(config: Config, domain: Domain, log: Log): ApplePush | undefined {
  const settings = applePushOf(config);
  // The administrator has named the address: it may be on this machine.
  const outward = new Outward({ mayReach: () => true });
  return settings && startApplePush({ domain, sharing: new Sharing(domain), log, outward, ...settings });
}
