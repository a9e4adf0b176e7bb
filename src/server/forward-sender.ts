/** What is passed on leaves under a name of ours, which leads back for a week (`message-auth/srs.ts`). */
import { createHmac } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { Secret } from '../base/secret.ts';
import type { Config } from '../config/options.ts';
import { type SrsSettings, srsForward, srsReverse } from '../message-auth/srs.ts';

/** '' where no name can be made: then nobody hears what became of it. */
export function forwardSender(
  config: Config,
  installation: string,
  clock: Clock,
): (sender: string) => string {
  const settings = settingsOf(config, installation);
  return (sender) => srsForward(sender, settings, clock.nowMs()) ?? '';
}

/** The sender of what was passed on, of such a name; undefined for one that we have not made, or that is too old. */
export function wayBack(
  config: Config,
  installation: string,
  clock: Clock,
): (address: string) => string | undefined {
  const settings = settingsOf(config, installation);
  return (address) => {
    const back = srsReverse(address, settings, clock.nowMs());
    return back.kind === 'address' ? back.address : undefined;
  };
}

/** The same in every process, and after every start. */
function settingsOf({ auth: { defaultDomain: domain } }: Config, installation: string): SrsSettings {
  return { domain, secret: new Secret(createHmac('sha256', installation).update('srs').digest('hex')) };
}
