/** Who looks at the DNS for the keys of the domains (`identity/key-watch.ts`), and when. */
import type { Log } from '../base/log.ts';
import type { Config } from '../config/options.ts';
import { Resolver } from '../dns/resolver.ts';
import { systemServers } from '../dns/servers.ts';
import type { AskTexts, KeyWatch } from '../identity/key-watch.ts';

/** Twice between the two looks that a key needs. */
const INTERVAL_MS = 30 * 60_000;

/** Asked anew each time: what a resolver remembers is older than what was published a minute ago. */
export function textsByDns({ dns: { servers } }: Config): AskTexts {
  return async (name) => {
    const resolver = new Resolver({ servers: servers.length > 0 ? servers : systemServers() });
    const answer = await resolver.ask(name, 'TXT');
    if (answer.kind === 'found') return answer.records;
    return answer.kind === 'nodata' || answer.kind === 'nxdomain' ? 'absent' : 'unknown';
  };
}

export function startKeyWatch(watch: Pick<KeyWatch, 'lookAtAll'>, log: Log): { stop(): void } {
  const look = (): void => {
    watch
      .lookAtAll()
      .catch((err: unknown) => log.warn({ err }, 'the keys of the domains could not be looked at'));
  };
  const timer = setInterval(look, INTERVAL_MS);
  timer.unref();
  look();
  return { stop: () => clearInterval(timer) };
}
