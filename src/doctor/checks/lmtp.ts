/** That strangers cannot reach LMTP: it asks for no password, so whoever does can deliver past every filter. */
import { isPrivateAddress } from '../../base/ip-address.ts';
import { hostPort } from '../../net/listener.ts';
import { type Outcome, ok, unknown, warn } from '../finding.ts';
import { isAddress, isWildcard, listeningPorts, type Port } from '../ports.ts';
import type { Check } from '../world.ts';

const expected = 'an address that only this machine or a private network reaches';

export const lmtp: Check = {
  name: 'lmtp reach',
  async run({ config, server, addresses }) {
    const ports = listeningPorts(config, server).filter(({ name }) => name === 'lmtp');
    if (ports.length === 0) return [ok({ subject: 'lmtp', expected, seen: 'does not listen' })];
    return ports.map((port) => reachOf(port, addresses));
  },
};

export function reachOf({ host, port }: Port, own: readonly string[]): Outcome {
  const subject = hostPort(host, port);
  if (isWildcard(host)) return reachOfAll(subject, own);
  if (!isAddress(host))
    return unknown({
      subject,
      expected,
      seen: 'a name, which the server looks up when it starts',
      remedy: 'name an address',
    });
  if (isPrivateAddress(host)) return ok({ subject, expected, seen: 'a private address' });
  return open(subject, `${host} is no private address`);
}

function reachOfAll(subject: string, own: readonly string[]): Outcome {
  const reachable = own.filter((address) => !isPrivateAddress(address));
  if (reachable.length > 0) return open(subject, `every address, so also ${reachable.join(', ')}`);
  return unknown({
    ...{ subject, expected, seen: 'every address of this machine; those it knows are private' },
    remedy: 'see that no router or host forwards this port to it',
  });
}

function open(subject: string, seen: string): Outcome {
  return warn({
    ...{ subject, expected, seen: `${seen}; whether a firewall guards it cannot be seen from inside` },
    remedy: 'let listen.lmtp name a private address such as 127.0.0.1, and set lmtp.allow_public = false',
  });
}
