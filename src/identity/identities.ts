/**
 * Who may send as whom: whoever receives for an address may send as it. So an account has its own address and its tags, the
 * aliases and lists that lead to it, every address of a domain that nobody else has when it takes what nobody has, and
 * what it was granted (the setting `submission.send_as`); and those of whoever gives it the right `p` of his INBOX (RFC 4314). The refusal says who may,
 * so that a person knows whom to ask.
 */

import type { AliasRecord } from '../mailbox/model/domains.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId, AccountRecord } from '../mailbox/model/model.ts';
import { canonicalAddress } from './address.ts';
import type { Recipients, Resolution } from './recipients.ts';
import { isWholeDomain } from './targets.ts';

export type SendAs =
  | { readonly kind: 'allowed' }
  /** `why`: a sentence for the sender. */
  | { readonly kind: 'refused'; readonly why: string };

/** The name of the setting: addresses with spaces or commas between, `*@example.com` for all of a domain. */
export const SEND_AS = 'submission.send_as';

const ALLOWED: SendAs = Object.freeze({ kind: 'allowed' });
/** Names in a refusal. */
const MAX_NAMED = 3;

export interface IdentitiesOptions {
  readonly recipients: Pick<Recipients, 'resolve'>;
  readonly defaultDomain: string;
  /** All there are. */
  readonly aliases: () => Promise<readonly Pick<AliasRecord, 'address' | 'targets'>[]>;
  /** Whether the owner of an account lets this one write as him; absent: nobody does. */
  readonly mayPostFor?: (
    who: Pick<AccountRecord, 'id' | 'address' | 'shard'>,
    owner: AccountId,
  ) => Promise<boolean>;
}

export class Identities {
  readonly #options: IdentitiesOptions;

  constructor(options: IdentitiesOptions) {
    this.#options = options;
  }

  /** Of the account: its own first, then those of aliases that lead to it, without those of whole domains. */
  async addressesOf({ address }: Pick<AccountRecord, 'address'>): Promise<readonly string[]> {
    const aliases = await this.#options.aliases();
    const led = aliases.filter(({ targets }) => targets.includes(address)).map((one) => one.address);
    return [address, ...led.filter((one) => !isWholeDomain(one))];
  }

  /** Whether the account may send as the address. Throws what the directory throws when it cannot know. */
  async maySendAs(
    account: Pick<AccountRecord, 'id' | 'address' | 'settings' | 'shard'>,
    address: string,
  ): Promise<SendAs> {
    const { recipients, defaultDomain, mayPostFor } = this.#options;
    const canonical = canonicalAddress(address, defaultDomain);
    if (canonical === undefined) return refused(`"${shown(address)}" is not a mail address`);
    if (canonical === account.address || isGranted(account.settings[SEND_AS], canonical, defaultDomain))
      return ALLOWED;
    const found = await recipients.resolve(canonical).catch(asTooMany);
    if (found.kind === 'local' && found.deliveries.some((one) => one.account === account.id)) return ALLOWED;
    // A list is for all its members, of whom one cannot lend what is everybody's.
    const [only, ...others] = found.kind === 'local' ? found.deliveries : [];
    const isOnesOwn =
      only !== undefined && others.length === 0 && found.kind === 'local' && found.forwards.length === 0;
    if (isOnesOwn && (await mayPostFor?.(account, only.account)) === true) return ALLOWED;
    return refused(`${account.address} may not send as ${shown(canonical)}: ${reasonOf(found)}`);
  }
}

function grantsIn(value: string): readonly string[] {
  return value.split(/[\s,]+/).filter((one) => one !== '');
}

function isGranted(value: string | undefined, address: string, defaultDomain: string): boolean {
  return grantsIn(value ?? '').some((one) => {
    const grant = one.replace(/^\*@/, '@');
    if (isWholeDomain(grant))
      return canonicalAddress(`x${grant}`, defaultDomain)?.slice(1) === `@${address.split('@').at(-1)}`;
    return canonicalAddress(grant, defaultDomain) === address;
  });
}

function reasonOf(found: Resolution): string {
  if (found.kind === 'foreign') return 'its domain is not one of this server';
  if (found.kind === 'unknown') return 'nobody has this address; an alias would give it to somebody';
  const names = found.deliveries.map(({ name }) => name);
  if (names.length === 0) return 'its mail goes to other servers';
  const more = names.length - MAX_NAMED;
  const others = more > 0 ? ` and ${more} more` : '';
  return `it is for ${names.slice(0, MAX_NAMED).join(', ')}${others}`;
}

/** A list that is too long for mail is for nobody in particular. */
function asTooMany(error: unknown): Resolution {
  if (error instanceof MailboxError && error.code === 'limit') return { kind: 'unknown' };
  throw error;
}

function refused(why: string): SendAs {
  return { kind: 'refused', why };
}

/** It comes from a client and goes into a reply. */
function shown(address: string): string {
  return address.replace(/\p{C}/gu, '?').slice(0, 200);
}
