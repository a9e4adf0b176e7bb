/** The rules of accounts, put together from the configuration: what runs scripts at delivery, and what whoever edits them needs. */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/options.ts';
import type { Dispositions } from '../mailbox/disposition.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { ScriptLimits } from '../mailbox/operations/scripts.ts';
import { Compiler } from '../rules/compiler.ts';
import { GlobalScripts } from '../rules/global-scripts.ts';
import { Rules } from '../rules/rules.ts';

export interface RulesSystem {
  readonly dispositions: Dispositions;
  readonly compiler: Compiler;
  readonly limits: ScriptLimits;
}

export interface RulesParts {
  readonly store: Domain['store'];
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
}

export function openRules({ sieve, hostname }: Config, parts: RulesParts): RulesSystem {
  const { clock, log } = parts;
  const compiler = new Compiler({ canSend: false });
  const globals = new GlobalScripts({ folder: sieve.folder, compiler, clock, log });
  return {
    dispositions: new Rules({ ...parts, compiler, globals, hostname }),
    compiler,
    limits: {
      scripts: sieve.maxScripts,
      scriptBytes: sieve.maxScriptSize,
      accountBytes: sieve.maxStorage,
    },
  };
}
