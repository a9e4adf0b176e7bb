/** Everything that mail programs and other servers may ask about how this one is set up, as routes. */
import type { Route } from '../http/exchange.ts';
import type { Pair } from '../net/tls.ts';
import { autoconfigRoutes } from './autoconfig.ts';
import { autodiscoverRoutes } from './autodiscover.ts';
import { mobileconfigRoutes } from './mobileconfig.ts';
import { type MtaStsPolicy, mtaStsRoutes } from './mta-sts.ts';
import { paccRoutes } from './pacc.ts';
import type { SetupSettings } from './services.ts';

export interface SetupOptions extends SetupSettings {
  /** What TLS clients get at the moment. */
  readonly pair: () => Pair;
  readonly mtaSts: MtaStsPolicy;
}

export function setupRoutes(options: SetupOptions): readonly Route[] {
  return [
    ...autoconfigRoutes(options),
    ...autodiscoverRoutes(options),
    ...mobileconfigRoutes(options, options.pair),
    ...paccRoutes(options),
    ...mtaStsRoutes(options, options.mtaSts),
  ];
}
