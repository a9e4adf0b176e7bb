/** What of the configuration this protocol needs. Sessions hold the object and look into it when they need to. */
import type { PlaintextRule } from '../sasl/plaintext.ts';

export interface ManageSieveSettings {
  readonly version: string;
  readonly plaintext: PlaintextRule;
  readonly loginTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly badCommandsBeforeLogin: number;
  readonly badCommands: number;
  readonly failuresPerConnection: number;
  readonly lineBytes: number;
}
