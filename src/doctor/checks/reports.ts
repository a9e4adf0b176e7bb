/** What others have reported lately of a domain here: mail from this server that is not proved, and TLS that fails. */
import { failureWords } from '../../feedback/words.ts';
import { eachDomain } from '../domains.ts';
import { type Outcome, ok, warn } from '../finding.ts';
import type { Check, World } from '../world.ts';
import { publishedAddresses } from './addresses.ts';

const MAIL = 'mail of the domain that leaves here is proved to be from there, wherever it comes';
const TLS = 'others can speak to its mail servers over TLS as it asks for';
/** A report now and then is about a message that was changed on its way. */
const FEW = 0.02;

export const reports: Check = {
  name: 'reports',
  async run(world) {
    const { domains } = world;
    if (domains.kind !== 'known' || domains.overviews === undefined) return [];
    const own = new Set([...(await publishedAddresses(world)), ...world.addresses]);
    return eachDomain(world, MAIL, async (domain) => lookAt(world, domain, own));
  },
};

function lookAt({ domains }: World, domain: string, own: ReadonlySet<string>): readonly Outcome[] {
  const overview = domains.kind === 'known' ? domains.overviews?.get(domain) : undefined;
  if (overview === undefined) return [];
  const { mail, tls } = overview;
  const mailFound = { subject: `${domain} reports of mail`, expected: MAIL };
  const tlsFound = { subject: `${domain} reports of TLS`, expected: TLS };
  const ours = mail.sources.filter(({ address }) => own.has(address));
  const sent = ours.reduce((sum, one) => sum + one.messages, 0);
  const failed = ours.reduce((sum, one) => sum + one.messages - one.passed, 0);
  const seen = `${failed} of ${sent} messages from this server were not proved`;
  const first =
    failed > sent * FEW
      ? warn({ ...mailFound, seen, remedy: 'see "brevduva domain reports" for what was wrong with them' })
      : ok({ ...mailFound, seen });
  const failures = tls.failures.map(failureWords).join('; ');
  const looked = mail.reports === 0 ? [] : [first];
  if (tls.reports === 0) return looked;
  const second =
    tls.failed === 0
      ? ok({ ...tlsFound, seen: `${tls.succeeded} connections, all of them well` })
      : warn({ ...tlsFound, seen: failures || `${tls.failed} failed`, remedy: 'mend what they name' });
  return [...looked, second];
}
