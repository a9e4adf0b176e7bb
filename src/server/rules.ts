/** The rules of accounts, put together from the configuration: what runs scripts at delivery, and what whoever edits them needs. */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/options.ts';
import { Identities } from '../identity/identities.ts';
import type { Recipients } from '../identity/recipients.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { ScriptLimits } from '../mailbox/operations/scripts.ts';
import { Compiler } from '../rules/compiler.ts';
import { GlobalLists } from '../rules/global-lists.ts';
import { GlobalScripts } from '../rules/global-scripts.ts';
import type { ListSources } from '../rules/lists.ts';
import { MailboxScripts } from '../rules/mailbox-scripts.ts';
import { Rules } from '../rules/rules.ts';
import type { Sending } from '../rules/sending.ts';
import type { Limits } from '../sieve/run/limits.ts';
import { forwardSender } from './forward-sender.ts';

export interface RulesSystem {
  /** Scripts of mailboxes; they run from `begin` on. */
  readonly events: MailboxScripts;
  readonly dispositions: Rules;
  readonly compiler: Compiler;
  readonly limits: ScriptLimits;
  readonly runLimits: Limits;
}

export interface RulesParts {
  readonly store: Domain['store'];
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  readonly serverAnnotations: ReadonlyMap<string, string>;
  readonly recipients: Pick<Recipients, 'resolve' | 'routeOf' | 'isOurs'>;
  /** Of the data folder. */
  readonly installation: string;
}

export function openRules(config: Config, parts: RulesParts): RulesSystem {
  const { sieve, hostname, queue, addresses } = config;
  const { clock, log, recipients, installation } = parts;
  const compiler = new Compiler({ canSend: true });
  const globals = new GlobalScripts({ folder: sieve.folder, compiler, clock, log });
  const sending: Sending = {
    forwardSender: forwardSender(config, installation, clock),
    isOurs: (domain) => recipients.isOurs(domain),
    routeOf: (address) => recipients.routeOf(address),
    giveUpMs: queue.giveUp,
  };
  const { separators } = addresses;
  const { folder } = sieve;
  const identities = new Identities({
    ...{ recipients, defaultDomain: config.auth.defaultDomain },
    aliases: () => parts.store.directory.domains.listAliases(),
  });
  const lists: ListSources = {
    domain: parts,
    globals: new GlobalLists({ folder, clock, log }),
    owns: async ({ record }, address) => (await identities.maySendAs(record, address)).kind === 'allowed',
  };
  const dispositions = new Rules({
    ...{ ...parts, compiler, globals, lists, hostname, sending, separators },
    limits: sieve.limits,
  });
  return {
    dispositions,
    events: new MailboxScripts({ ...parts, rules: dispositions }),
    compiler,
    limits: {
      scripts: sieve.maxScripts,
      scriptBytes: sieve.maxScriptSize,
      accountBytes: sieve.maxStorage,
    },
    runLimits: sieve.limits,
  };
}
