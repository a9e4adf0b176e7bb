/** What is passed on leaves under a name of ours, which leads back for a week (`message-auth/srs.ts`). */
import { createHmac } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { Secret } from '../base/secret.ts';
import type { Config } from '../config/options.ts';
import { srsForward } from '../message-auth/srs.ts';

/** '' where no name can be made: then nobody hears what became of it. */
export function forwardSender(
  { auth: { defaultDomain: domain } }: Config,
  installation: string,
  clock: Clock,
): (sender: string) => string {
  const secret = new Secret(createHmac('sha256', installation).update('srs').digest('hex'));
  return (sender) => srsForward(sender, { secret, domain }, clock.nowMs()) ?? '';
}
