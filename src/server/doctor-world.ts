/** The world as the doctor may ask it, from the configuration, for whoever knows the server and the domains. */
import type { Config } from '../config/options.ts';
import { Resolver } from '../dns/resolver.ts';
import { systemServers } from '../dns/servers.ts';
import { lookAtPorts } from '../doctor/ports.ts';
import type { Domains, PortSeen, ServerView, World } from '../doctor/world.ts';
import { doubtsOf } from './doubts.ts';
import { machineOf, ownAddresses } from './machine.ts';
import { fetchPage } from './page.ts';
import { mtaStsPolicy } from './web-listeners.ts';

export interface Viewpoint {
  readonly version: string;
  readonly server: ServerView;
  readonly domains: Domains;
}

/** For one question; the doctor has many, and a person waits. */
const QUESTION_MS = 6000;

export function worldOf(config: Config, { version, server, domains }: Viewpoint): World {
  const servers = config.dns.servers.length > 0 ? config.dns.servers : systemServers();
  const dns = new Resolver({ servers, timeoutMs: QUESTION_MS });
  let ports: Promise<readonly PortSeen[]> | undefined;
  return {
    ...{ config, version, server, domains },
    nowMs: Date.now(),
    dns,
    resolvers: servers.map(({ host }) => host),
    addresses: ownAddresses(),
    ports: () => {
      ports ??= lookAtPorts(config, server);
      return ports;
    },
    doubts: () => doubtsOf(config),
    web: (url) => fetchPage(url, dns),
    mtaSts: mtaStsPolicy(config),
    machine: machineOf(config),
  };
}
