/** Whether there is a resolver, and whether it validates: the root of the DNS is signed, so its answer must say so. */
import { isLoopback } from '../../base/ip-address.ts';
import { fail, ok, warn } from '../finding.ts';
import type { Check } from '../world.ts';

const SIGNED = '.';
const expected = 'answers that are validated (AD, RFC 4035 §3.2.3)';

export const resolver: Check = {
  name: 'resolver',
  async run({ dns, resolvers }) {
    const subject = resolvers.join(', ');
    const answer = await dns.ask(SIGNED, 'NS');
    if ('detail' in answer)
      return [
        fail({
          ...{ subject, expected, seen: answer.detail },
          remedy:
            'see to /etc/resolv.conf, or name resolvers that work with dns.servers; until then nothing of the DNS can be judged',
        }),
      ];
    if (!answer.isSecure)
      return [
        warn({
          ...{ subject, expected, seen: 'answers, and does not validate' },
          remedy:
            'run one on this machine that does (Unbound, Knot Resolver), and name it with dns.servers; sending mail with DANE needs it',
        }),
      ];
    const isHere = resolvers.every(isLoopback);
    const seen = isHere ? 'validates' : 'validates; who is on the way to it could change what it says';
    return [ok({ subject, expected, seen })];
  },
};
