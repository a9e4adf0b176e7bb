/** One account: how its person signs in, what room it has, what was deleted, what happened, and how it goes. */
import { useApp } from '../shell/app.ts';
import { Keeping } from './account-keeping.tsx';
import { RemoveAccount } from './account-remove.tsx';
import { SignIn } from './account-sign-in.tsx';
import { AccountActivity } from './activity.tsx';
import { AppPasswords } from './app-passwords.tsx';
import { FaultLine, useAdmin, useAsked } from './context.tsx';
import type { OneAccount } from './wire.ts';

/** What its parts need: the account, and to look at it again when they have changed it. */
export interface PartProps {
  readonly account: OneAccount;
  readonly onChanged: () => Promise<void>;
}

export function AccountPage({ address }: { readonly address: string }) {
  const { texts } = useAdmin();
  const { formats } = useApp();
  const { value: account, fault, again } = useAsked<OneAccount>('account', { address });
  if (account === undefined) return <FaultLine fault={fault} />;
  const used = formats.value.size(account.usedBytes);
  const room =
    account.quotaBytes === undefined ? used : texts.accounts.of(used, formats.value.size(account.quotaBytes));
  const part = { account, onChanged: again };
  return (
    <>
      <p class="hint">
        {texts.account.facts(
          texts.accounts.mails(account.usedMessages),
          room,
          formats.value.day(account.createdMs),
        )}
      </p>
      <SignIn {...part} />
      <AppPasswords {...part} />
      <Keeping {...part} />
      <AccountActivity address={account.address} />
      <RemoveAccount {...part} />
    </>
  );
}
