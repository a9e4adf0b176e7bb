/**
 * An account to try things with, mail in it that says how everything works, and what to type into a mail program. The
 * password is shown this once; only its hash is stored.
 */
import { Secret } from '../base/secret.ts';
import type { Config } from '../config/options.ts';
import { ROLE } from '../identity/role.ts';
import { FLAG } from '../mail/flags.ts';
import { type Protocol, parseHostPort, SPOKEN } from '../net/services.ts';
import type { MailSystem } from '../server/mail-system.ts';
import type { BoundListener } from '../server/protocols.ts';
import { type ClientSetting, DEMO_MESSAGES } from './demo-messages.ts';
import { commandName } from './invocation.ts';
import type { ChosenConfig } from './options.ts';
import { readablePassword } from './password.ts';
import { note, table } from './terminal.ts';

export interface DemoAccount {
  readonly address: string;
  readonly password: Secret;
  /** Signs in to the webmail once, within an hour. */
  readonly token: string;
}

export async function makeDemoAccount(system: MailSystem, config: Config): Promise<DemoAccount> {
  const { admin, accounts, webSessions } = system;
  const password = new Secret(readablePassword());
  const [outcome] = await admin.addAccounts([{ address: `demo@${config.auth.defaultDomain}`, password }]);
  if (outcome === undefined || 'refused' in outcome) throw new Error(`no demo account: ${outcome?.why}`);
  // Whoever starts a server to try it may try all of it.
  await admin.setSetting(outcome.address, ROLE, 'admin');
  const { id, address } = await accounts.accountOf(outcome.address);
  return { address, password, token: await webSessions.makeLink(id) };
}

export async function addDemoMail(
  { admin, domain }: MailSystem,
  { address }: DemoAccount,
  listeners: readonly BoundListener[],
  { hostname }: Config,
): Promise<void> {
  const settings = settingsOf(listeners);
  const command = commandName();
  const nowSeconds = Math.floor(domain.clock.nowMs() / 1000);
  for (const mailbox of new Set(DEMO_MESSAGES.map((message) => message.mailbox))) {
    const messages = DEMO_MESSAGES.filter((message) => message.mailbox === mailbox).map((message, index) => {
      const internalDate = nowSeconds - 60 * (DEMO_MESSAGES.length - index);
      const bytes = message.compose({ address, hostname, command, settings, seconds: internalDate });
      const flags = mailbox === 'INBOX' ? 0 : FLAG.Seen;
      return { flags, keywords: [], internalDate, importKey: undefined, chunks: () => [bytes] };
    });
    await admin.addMessages(address, mailbox, messages);
  }
}

const PROTOCOLS: Partial<Readonly<Record<Protocol, string>>> = {
  imap: 'IMAP',
  pop3: 'POP3',
  submission: 'sending',
};

function settingsOf(listeners: readonly BoundListener[]): readonly ClientSetting[] {
  return listeners.flatMap(({ name, address }) => {
    const spoken = SPOKEN[name];
    const protocol = spoken && PROTOCOLS[spoken.protocol];
    const place = parseHostPort(address);
    if (protocol === undefined || place === undefined) return [];
    const security = spoken?.tls === 'first' ? 'SSL/TLS' : 'STARTTLS';
    return [{ protocol, host: place.host, port: String(place.port), security }];
  });
}

/** As a browser on this machine reaches the webmail. */
function webmailAt(listeners: readonly BoundListener[]): string | undefined {
  for (const name of ['http', 'https']) {
    const found = listeners.find((listener) => listener.name === name);
    if (found !== undefined) return `${name}://${found.address}`;
  }
  return undefined;
}

/** At a later start: the password was shown once, and a browser that was signed in still is. */
export function printAgain(listeners: readonly BoundListener[]): void {
  const page = webmailAt(listeners);
  if (page !== undefined) note(`  In a browser: ${page}/`);
}

/** To standard error: standard output is for the line that scripts wait for. */
export function printWelcome(
  demo: DemoAccount,
  { config, hint }: ChosenConfig,
  listeners: readonly BoundListener[],
): void {
  const rows = settingsOf(listeners).map(({ protocol, host, port, security }) => [
    ...[`    ${protocol}`, host, port, security],
    demo.address,
  ]);
  note('');
  note('  There was no account yet, so here is one to try things with:');
  note('');
  note(`    user name  ${demo.address}`);
  note(`    password   ${demo.password.reveal()}`);
  note('');
  const page = webmailAt(listeners);
  if (page !== undefined) {
    note('  In a browser; this link signs you in once, within an hour:');
    note('');
    note(`    ${page}/sign-in#${demo.token}`);
    note('');
  }
  note('  Settings for a mail program. The certificate was made here, so it asks once whether to trust it.');
  note('');
  for (const line of table([['    PROTOCOL', 'HOST', 'PORT', 'SECURITY', 'USER NAME'], ...rows])) note(line);
  note('');
  note('  The password is stored as a hash and not shown again. To set another one:');
  note(`    ${hint(`account passwd ${demo.address}`)}`);
  note('  Next: an account of your own, and your mail into it:');
  note(`    ${hint(`account add you@${config.auth.defaultDomain}`)}`);
  note(`    ${hint(`import maildir ~/Maildir --account you@${config.auth.defaultDomain}`)}`);
  note('');
}
