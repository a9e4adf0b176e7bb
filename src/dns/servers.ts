/** Whom to ask: the servers that the system names (resolv.conf(5)), as far as they count for names that are whole. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ServerAddress } from './exchange.ts';

export const DNS_PORT = 53;
/** As the C library has it. */
const MAX_SERVERS = 3;
const RESOLV_CONF = '/etc/resolv.conf';

export function systemServers(path = RESOLV_CONF): readonly ServerAddress[] {
  try {
    return serversOf(readFileSync(path, 'utf8'));
  } catch {
    return serversOf('');
  }
}

/** Without a server that is named, the one on this machine. */
export function serversOf(resolvConf: string): readonly ServerAddress[] {
  const servers: ServerAddress[] = [];
  for (const line of resolvConf.split('\n')) {
    const host = /^nameserver[ \t]+(\S+)/.exec(line)?.[1];
    if (host !== undefined && isIP(host) !== 0 && servers.length < MAX_SERVERS)
      servers.push({ host, port: DNS_PORT });
  }
  return servers.length > 0 ? servers : [{ host: '127.0.0.1', port: DNS_PORT }];
}
