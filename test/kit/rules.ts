/** A domain whose deliveries are decided by the scripts of its accounts, which may send mail. */
import { silentLog } from '../../src/base/log.ts';
import { activateScript, putScript } from '../../src/mailbox/operations/scripts.ts';
import type { AccountState } from '../../src/mailbox/state/account.ts';
import { Compiler } from '../../src/rules/compiler.ts';
import { GlobalLists } from '../../src/rules/global-lists.ts';
import { GlobalScripts } from '../../src/rules/global-scripts.ts';
import { MailboxScripts } from '../../src/rules/mailbox-scripts.ts';
import { Rules, type RulesOptions } from '../../src/rules/rules.ts';
import type { Sending } from '../../src/rules/sending.ts';
import { openTestDomain, type TestDomain, type TestDomainOptions } from './domain.ts';

export interface RulesDomainOptions extends TestDomainOptions {
  readonly sending?: Sending;
  readonly folder?: string;
  readonly runLimits?: RulesOptions['limits'];
}

const LIMITS = { scripts: 100, scriptBytes: 2 ** 20, accountBytes: 2 ** 24 };

/** From an address of ours, to everybody elsewhere. */
export const TEST_SENDING: Sending = {
  forwardSender: (sender) => (sender === '' ? '' : 'SRS0=x@example.com'),
  isOurs: async (domain) => domain === 'example.com',
  routeOf: async (address) => (address.endsWith('@example.com') ? 'local' : 'remote'),
  giveUpMs: 5 * 86_400_000,
};

export type RulesDomain = TestDomain & { readonly scripts: MailboxScripts };

export async function openRulesDomain(options: RulesDomainOptions = {}): Promise<RulesDomain> {
  const { sending, folder, runLimits, ...rest } = options;
  let rules: Rules | undefined;
  let scripts: MailboxScripts | undefined;
  const kit = await openTestDomain({
    log: silentLog,
    ...rest,
    dispositions: { of: (delivery) => rules?.of(delivery) },
    events: {
      areWanted: (...asked) => scripts?.areWanted(...asked) === true,
      happened: (...told) => scripts?.happened(...told),
    },
  });
  const { store, clock } = kit.domain;
  const compiler = new Compiler({ canSend: sending !== undefined });
  rules = new Rules({
    ...{ store, clock, log: silentLog, compiler, hostname: 'mail.example.com' },
    ...{ separators: '+', version: '1', serverAnnotations: kit.domain.serverAnnotations },
    lists: {
      domain: kit.domain,
      globals: new GlobalLists({ folder, clock, log: silentLog }),
      owns: async ({ record }, address) => record.address === address.toLowerCase(),
    },
    globals: new GlobalScripts({ folder, compiler, clock, log: silentLog }),
    ...(sending !== undefined && { sending }),
    ...(runLimits !== undefined && { limits: runLimits }),
  });
  const { serverAnnotations } = kit.domain;
  scripts = new MailboxScripts({ rules, serverAnnotations, log: silentLog });
  scripts.begin(kit.domain);
  const close = async (): Promise<void> => {
    await scripts?.stop();
    await kit.close();
  };
  return { ...kit, scripts, close };
}

/** The active script of the account. */
export async function setRules({ domain }: TestDomain, account: AccountState, text: string): Promise<void> {
  await putScript(domain, account, { role: 'own', name: 'mine' }, Buffer.from(text), LIMITS);
  await activateScript(domain, account, 'mine');
}
