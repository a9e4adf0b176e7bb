/** The ports of the server as a mail program on this machine finds them. */
import { isIP } from 'node:net';
import type { Config } from '../config/options.ts';
import { Proxies } from '../net/proxies.ts';
import { parseHostPort, SPOKEN, type Spoken } from '../net/services.ts';
import { probe } from './probe.ts';
import type { PortSeen, ServerView } from './world.ts';

export interface Port {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** As the running server has bound them, else as the configuration wants them. */
export function listeningPorts(config: Config, server: ServerView): readonly Port[] {
  if (server.kind === 'running' && server.listeners !== undefined)
    return server.listeners.flatMap(({ name, address }) => {
      const place = parseHostPort(address);
      return place === undefined ? [] : [{ name, ...place }];
    });
  return configuredPorts(config);
}

export function configuredPorts({ listen }: Config): readonly Port[] {
  return Object.entries(listen).flatMap(([name, address]) =>
    address === undefined ? [] : [{ name, ...address }],
  );
}

export async function lookAtPorts(config: Config, server: ServerView): Promise<readonly PortSeen[]> {
  const proxies = new Proxies(config.proxy);
  const ports = listeningPorts(config, server).filter(({ port }) => port !== 0);
  return Promise.all(
    ports.map(async ({ name, host, port }) => ({
      ...{ name, host, port },
      ways: await Promise.all(
        waysTo(host).map(async (address) => {
          const { protocol, tls } = SPOKEN[name] as Spoken;
          const speech = protocol === 'submission' ? 'smtp' : protocol;
          const target = { host: address, port, speech, tls, serverName: config.hostname } as const;
          const probed = await probe({ ...target, preamble: proxies.greeting(name, address) });
          return { address, probed };
        }),
      ),
    })),
  );
}

/** `::` takes IPv4 as well (`*` in the configuration). */
function waysTo(host: string): readonly string[] {
  if (host === '::') return ['127.0.0.1', '::1'];
  return host === '0.0.0.0' ? ['127.0.0.1'] : [host];
}

/** Loopback, or every address: for whom the port is. */
export function isWildcard(host: string): boolean {
  return host === '::' || host === '0.0.0.0';
}

export function isAddress(host: string): boolean {
  return isIP(host) !== 0;
}
