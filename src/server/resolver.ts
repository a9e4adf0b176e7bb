/** Who is asked about names: the servers that the configuration names, else those of the system. One for the whole process. */
import type { Config } from '../config/options.ts';
import { Resolver } from '../dns/resolver.ts';
import { systemServers } from '../dns/servers.ts';

export function resolverOf({ dns: { servers } }: Config): Resolver {
  return new Resolver({ servers: servers.length > 0 ? servers : systemServers() });
}
