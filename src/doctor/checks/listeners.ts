/** Whether every port that is configured answers, in its protocol, and with TLS where that is promised. */
import { hostPort } from '../../net/listener.ts';
import { type Protocol, SPOKEN, type Spoken } from '../../net/services.ts';
import { fail, type Outcome, ok, unknown, warn } from '../finding.ts';
import { configuredPorts, listeningPorts, type Port } from '../ports.ts';
import type { Check, PortSeen, World } from '../world.ts';

const PROTOCOLS: Readonly<Record<Protocol, string>> = {
  imap: 'IMAP',
  pop3: 'POP3',
  managesieve: 'ManageSieve',
  submission: 'submission',
  smtp: 'SMTP',
  lmtp: 'LMTP',
  http: 'HTTP',
  metrics: 'numbers for Prometheus',
};

export const listeners: Check = {
  name: 'listener',
  async run(world) {
    const seen = await world.ports();
    return [...seen.map((port) => outcomeOf(port, world)), ...waiting(world)];
  },
};

function outcomeOf(port: PortSeen, { server }: World): Outcome {
  const { name } = port;
  const subject = `${name} ${hostPort(port.host, port.port)}`;
  const expected = wordsOf(SPOKEN[name] as Spoken);
  const silent = port.ways.flatMap(({ address, probed }) =>
    probed.kind === 'silent' ? [`${address}: ${probed.why}`] : [],
  );
  const strange = port.ways.flatMap(({ address, probed }) =>
    probed.kind === 'strange' ? [`${address} ${probed.seen}`] : [],
  );
  const speaks = port.ways.flatMap(({ probed }) => (probed.kind === 'speaks' ? [probed.greeting] : []));
  if (server.kind === 'absent') {
    if (silent.length === port.ways.length)
      return unknown({
        ...{ subject, expected, seen: 'nothing answers, for no server runs' },
        remedy: 'look again when it does',
      });
    return fail({
      ...{ subject, expected: 'a port that is free for the server' },
      seen: `another program answers: ${[...strange, ...speaks].join('; ')}`,
      remedy: `find it with ss -ltnp 'sport = :${port.port}', and stop it or give listen.${name} another port`,
    });
  }
  if (strange.length > 0)
    return fail({
      ...{ subject, expected, seen: strange.join('; ') },
      remedy: 'look into the log of the server; another program may have the port by another address',
    });
  if (silent.length > 0)
    return fail({
      ...{ subject, expected, seen: silent.join('; ') },
      remedy:
        server.kind === 'hidden'
          ? 'see whether the server runs at all: systemctl status brevduva'
          : 'look into the log of the server; a firewall may refuse this machine itself',
    });
  return ok({ subject, expected, seen: `says "${withoutCodes(speaks[0] ?? '')}"` });
}

/** A list of capabilities is as long as a page. */
function withoutCodes(greeting: string): string {
  return greeting.replace(/ \[[^\]]*\]/, '').slice(0, 100);
}

/** What the configuration has and the running server has not: it was started before. */
function waiting({ config, server }: World): Outcome[] {
  if (server.kind !== 'running') return configuredPorts(config).flatMap(freePort);
  const bound = listeningPorts(config, server);
  return configuredPorts(config).flatMap((wanted) => {
    const own = bound.filter(({ name }) => name === wanted.name);
    if (own.some((port) => fits(wanted, port))) return [];
    const now = own.map(({ host, port }) => hostPort(host, port)).join(', ') || 'nowhere';
    return [
      warn({
        subject: `${wanted.name} ${hostPort(wanted.host, wanted.port)}`,
        seen: `the running server listens ${now === 'nowhere' ? now : `on ${now}`}`,
        expected: 'what the configuration says',
        remedy: 'restart the server: ports are read at the start',
      }),
    ];
  });
}

function fits(wanted: Port, bound: Port): boolean {
  const isSamePort = wanted.port === 0 || wanted.port === bound.port;
  // A name was looked up; an address is as it was written.
  return isSamePort && (wanted.host === bound.host || !/^[\d.]+$|:/.test(wanted.host));
}

function freePort({ name, host, port }: Port): Outcome[] {
  if (port !== 0) return [];
  return [
    unknown({
      ...{ subject: `${name} ${hostPort(host, port)}`, expected: wordsOf(SPOKEN[name] as Spoken) },
      seen: 'a free port that the server gets at its start',
      remedy: 'look again when it runs, or give it a port',
    }),
  ];
}

function wordsOf({ protocol, tls }: Spoken): string {
  const name = PROTOCOLS[protocol];
  if (tls === 'none') return name;
  if (tls === 'first') return `${name} over TLS`;
  return `${name}, with ${protocol === 'pop3' ? 'STLS' : 'STARTTLS'}`;
}
