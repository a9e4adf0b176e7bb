/**
 * What the first start says, and where the webmail is at each one after it, as long as the server is only tried. Whoever tries the server on this machine alone gets an account to try it with; whoever has
 * configured one, or lets others reach it, gets no account with a password that stands in a log, but is told how to add one.
 */
import { isLoopback } from '../base/ip-address.ts';
import type { MailSystem } from '../server/mail-system.ts';
import type { BoundListener } from '../server/protocols.ts';
import { addDemoMail, makeDemoAccount, printAgain, printWelcome } from './demo.ts';
import type { ChosenConfig } from './options.ts';
import { note } from './terminal.ts';

export interface WelcomeOptions {
  readonly system: MailSystem;
  readonly chosen: ChosenConfig;
  readonly listeners: readonly BoundListener[];
  readonly wantsDemo: boolean;
}

export async function welcome({ system, chosen, listeners, wantsDemo }: WelcomeOptions): Promise<void> {
  const { directory } = system.domain.store;
  const isTrial = chosen.file === undefined && listeners.every(({ address }) => isLoopback(hostOf(address)));
  if ((await directory.list()).length > 0) {
    if (wantsDemo && isTrial) printAgain(listeners);
    return;
  }
  if (wantsDemo && isTrial && (await directory.isUntouched())) {
    // Shown as soon as it is there: nobody else knows its password, and there will be no second one.
    const demo = await makeDemoAccount(system, chosen.config);
    printWelcome(demo, chosen, listeners);
    await addDemoMail(system, demo, listeners, chosen.config);
  } else {
    const { defaultDomain } = chosen.config.auth;
    note(`There are no accounts yet. To add one: ${chosen.hint(`account add you@${defaultDomain}`)}`);
  }
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}
