/** Where a script wants a copy to go, as the domain has it. */
import { parseSystemFlag } from '../mail/flags.ts';
import type { Copy } from '../mailbox/disposition.ts';
import type { Target } from '../sieve/effects.ts';
import { roleOf } from './environment.ts';

export function placeOf({ mailbox, mayCreate, specialUse, flags }: Target): Copy {
  const bits = flags.map((name) => parseSystemFlag(name));
  const role = specialUse === undefined ? undefined : roleOf(specialUse);
  return {
    mailbox,
    ...(mayCreate && { makes: role === undefined ? {} : { role } }),
    flags: bits.reduce<number>((sum, bit) => sum | (bit ?? 0), 0),
    keywords: flags.filter((_, i) => bits[i] === undefined),
  };
}
