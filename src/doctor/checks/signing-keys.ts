/** The keys that sign mail of a domain (DKIM, RFC 6376): whether the DNS has the record of each, and what is to be done with it. */
import type { KeySummary } from '../../admin/admin.ts';
import type { Answer } from '../../dns/answer.ts';
import { RETIRING_MS, type Sight, sameKey } from '../../identity/key-rotation.ts';
import { txtStrings } from '../../message-auth/keys.ts';
import { eachDomain } from '../domains.ts';
import { fail, type Outcome, ok, unknown, warn } from '../finding.ts';
import type { Check } from '../world.ts';
import { unanswered } from '../zone.ts';

const expected = 'the record of each key that signs';

export const signingKeys: Check = {
  name: 'dkim',
  async run(world) {
    const { domains, dns, config } = world;
    if (domains.kind === 'hidden' || domains.keys === undefined) return [];
    const { keys } = domains;
    return eachDomain(world, expected, async (domain) => {
      const own = keys.get(domain) ?? [];
      if (own.length === 0 && !('submission' in config.listen)) return [];
      if (own.length === 0)
        return [
          warn({
            ...{
              subject: `${domain} DKIM`,
              expected,
              seen: 'the domain has no keys, so its mail is not signed',
            },
            remedy: `brevduva domain add ${domain}`,
          }),
        ];
      return Promise.all(
        own.map(async (key) => {
          const name = `${key.selector}._domainkey.${domain}`;
          return judge(name, key, await dns.ask(name, 'TXT'));
        }),
      );
    });
  },
};

export function judge(name: string, key: KeySummary, answer: Answer<'TXT'>): Outcome {
  const subject = `${name} TXT`;
  const sight = sightOf(key, answer);
  if (answer.kind !== 'found' && answer.kind !== 'nodata' && answer.kind !== 'nxdomain')
    return unknown({ subject, expected, ...unanswered(answer) });
  const seen = WORDS[sight];
  const found = { subject, expected, seen };
  const records = [keyLine(name, key)];
  const last = new Date(key.sinceMs + RETIRING_MS).toISOString().slice(0, 10);
  switch (key.state) {
    case 'waiting':
      if (sight === 'shown') return ok({ ...found, seen: `${seen}; it signs after another look in an hour` });
      return warn({ ...found, records, remedy: 'publish this; the key signs once it is seen' });
    case 'active':
      if (sight === 'shown') return ok({ ...found, seen: `${seen}, and it signs` });
      return fail({ ...found, records, remedy: 'publish this: mail is signed with a key that nobody finds' });
    case 'retiring':
      if (sight === 'shown')
        return ok({ ...found, seen: `${seen}; it signs no more and stays until ${last}` });
      return warn({
        ...{ ...found, records },
        remedy: `publish this again until ${last}: mail that it has signed may still be on its way`,
      });
    default:
      if (sight === 'absent') return ok({ ...found, seen: 'gone, as it may be' });
      return warn({ ...found, remedy: 'take the record out of the zone: its key signs no more' });
  }
}

/** As zone files have it. */
export function keyLine(name: string, { record }: Pick<KeySummary, 'record'>): string {
  const strings = txtStrings(record).map((text) => `"${text}"`);
  return `${name}. IN TXT ${strings.length > 1 ? `( ${strings.join(' ')} )` : strings.join('')}`;
}

const WORDS: Readonly<Record<Sight, string>> = {
  shown: 'there',
  absent: 'none',
  other: 'another key',
  unknown: 'no answer',
};

function sightOf({ record }: KeySummary, answer: Answer<'TXT'>): Sight {
  if (answer.kind === 'found')
    return answer.records.some((text) => sameKey(record, text)) ? 'shown' : 'other';
  return answer.kind === 'nodata' || answer.kind === 'nxdomain' ? 'absent' : 'unknown';
}
