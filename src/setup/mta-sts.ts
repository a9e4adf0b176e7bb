/**
 * The policy of a domain for those who send to it (RFC 8461 §3.2): which hosts take its mail, and that they have certificates. It is
 * served over HTTPS alone, at `https://mta-sts.DOMAIN/.well-known/mta-sts.txt`, and counts when the TXT record names it.
 */
import { createHash } from 'node:crypto';
import { type Route, text } from '../http/exchange.ts';
import { domainOf, type SetupSettings } from './services.ts';

export interface MtaStsPolicy {
  readonly mode: 'none' | 'testing' | 'enforce';
  /** Names of hosts; `*.example.com` for all below one (RFC 8461 §4.1). */
  readonly mx: readonly string[];
  readonly maxAgeSeconds: number;
}

export function mtaStsRoutes(settings: SetupSettings, policy: MtaStsPolicy): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/.well-known/mta-sts.txt',
      isFor: (host) => host.startsWith('mta-sts.'),
      async answer({ host, isSecure }) {
        const domain = await domainOf(settings, { host });
        if (domain === undefined || !isSecure) return text(404, 'There is no policy here.\n');
        return { ...text(200, policyText(policy)), headers: { 'content-type': 'text/plain' } };
      },
    },
  ];
}

export function policyText({ mode, mx, maxAgeSeconds }: MtaStsPolicy): string {
  const lines = [
    'version: STSv1',
    `mode: ${mode}`,
    ...mx.map((name) => `mx: ${name}`),
    `max_age: ${maxAgeSeconds}`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** The text of the TXT record at `_mta-sts.DOMAIN`: its id changes when the policy does (§3.1). */
export function mtaStsRecord(policy: MtaStsPolicy): string {
  const id = createHash('sha256').update(policyText(policy)).digest('hex').slice(0, 20);
  return `v=STSv1; id=${id};`;
}
