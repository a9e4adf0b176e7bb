/** That nobody can have mail passed on to strangers by this server: those who find one that does it use it, and it is listed. */
import { hostPort } from '../../net/listener.ts';
import { fail, type Outcome, ok, unknown } from '../finding.ts';
import { isWildcard, listeningPorts, type Port } from '../ports.ts';
import { askToRelay } from '../relay-probe.ts';
import type { Check } from '../world.ts';

const expected = 'a server that takes mail for its own domains and for nobody else';

export const relay: Check = {
  name: 'relay',
  async run({ config, server }) {
    if (server.kind !== 'running') return [];
    const ports = listeningPorts(config, server).filter(({ name }) => name === 'smtp');
    return Promise.all(ports.map(look));
  },
};

async function look({ host, port }: Port): Promise<Outcome> {
  const found = { subject: `smtp ${hostPort(host, port)}`, expected };
  const { kind, reply } = await askToRelay(isWildcard(host) ? '127.0.0.1' : host, port);
  const seen = `asked for a stranger it says "${reply}"`;
  if (kind === 'refused') return ok({ ...found, seen });
  if (kind === 'taken')
    return fail({
      ...{ ...found, seen },
      remedy: 'stop it now (listen.smtp = ""), and see whether example.net is a domain or an alias here',
    });
  return unknown({
    ...{ ...found, seen: reply },
    remedy: 'see the line "listener", and the log of the server',
  });
}
