/** What all connections of a process have in common. */
import type { StreamTap } from './outbox.ts';
import type { Proxies } from './proxies.ts';
import type { Sweep } from './sweep.ts';

export interface StreamOptions {
  readonly sweep: Sweep;
  readonly writeTimeoutMs: number;
  /** Those that say whose a connection is; absent: there are none. */
  readonly proxies?: Proxies;
  /** Sees every byte as the session does; for tests and traces. Redaction is the transcript's business. */
  readonly tap?: StreamTap;
}
