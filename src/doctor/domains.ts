/** A check of every domain whose mail is here, a few at a time. */
import { domainToASCII } from 'node:url';
import { Semaphore } from '../base/gate.ts';
import { type Outcome, unknown } from './finding.ts';
import type { World } from './world.ts';
import { isOnlyHere } from './zone.ts';

const AT_ONCE = 8;
/** More are looked at one by one, with `--domain`. */
const MAX_DOMAINS = 200;

export async function eachDomain(
  { domains }: World,
  expected: string,
  look: (domain: string) => Promise<readonly Outcome[]>,
): Promise<readonly Outcome[]> {
  if (domains.kind === 'hidden')
    return [
      unknown({ subject: 'domains', expected, seen: domains.why, remedy: 'name the domain with --domain' }),
    ];
  if (domains.names.length === 0)
    return [
      unknown({
        ...{ subject: 'domains', expected, seen: 'no account has an address in a domain yet' },
        remedy: 'add an account, or name the domain with --domain',
      }),
    ];
  const gate = new Semaphore(AT_ONCE);
  const looked = await Promise.all(
    domains.names.slice(0, MAX_DOMAINS).map((name) => gate.run(() => lookAt(name, expected, look))),
  );
  const left = domains.names.length - MAX_DOMAINS;
  if (left <= 0) return looked.flat();
  const more = unknown({
    ...{ subject: 'domains', expected, seen: `${left} more were not looked at` },
    remedy: 'name one with --domain',
  });
  return [...looked.flat(), more];
}

async function lookAt(
  name: string,
  expected: string,
  look: (domain: string) => Promise<readonly Outcome[]>,
): Promise<readonly Outcome[]> {
  const ascii = domainToASCII(name);
  if (ascii !== '' && !isOnlyHere(ascii)) return look(ascii);
  return [
    unknown({
      ...{ subject: name, expected, seen: 'no domain of the DNS' },
      remedy: 'nothing, when its mail comes from this machine alone',
    }),
  ];
}
