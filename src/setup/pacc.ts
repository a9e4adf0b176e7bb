/**
 * Automatic configuration by PACC (draft-ietf-mailmaint-pacc): a JSON document at `ua-auto-config.DOMAIN`, whose digest stands in the
 * DNS. It names hosts only: what it lists is at its usual port with TLS from the first octet, and what is not is left out.
 */
import { createHash } from 'node:crypto';
import { type Route, text } from '../http/exchange.ts';
import { type ClientService, domainOf, type SetupSettings } from './services.ts';

const USUAL = { imap: 993, pop3: 995, submission: 465 } as const;
const NAMES = { imap: 'imap', pop3: 'pop3', submission: 'smtp' } as const;

export function paccRoutes(settings: SetupSettings): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/.well-known/user-agent-configuration.json',
      async answer({ host }) {
        const domain = await domainOf(settings, { host });
        if (domain === undefined) return text(404, 'This server has no mail of that domain.\n');
        const body = paccDocument(domain, settings.hostname, settings.services());
        return { status: 200, headers: { 'content-type': 'application/json' }, body };
      },
    },
  ];
}

/** The same octets as long as the same is offered: their digest is published. */
export function paccDocument(domain: string, hostname: string, services: readonly ClientService[]): string {
  const usual = services.filter(({ kind, port, security }) => security === 'tls' && port === USUAL[kind]);
  const protocols = Object.fromEntries(usual.map(({ kind }) => [NAMES[kind], { host: hostname }]));
  const info = { provider: { name: `Mail of ${domain}`, shortName: domain } };
  return `${JSON.stringify({ protocols, authentication: { password: true }, info }, undefined, 2)}\n`;
}

/** The text of the TXT record at `_ua-auto-config.DOMAIN`. */
export function paccRecord(document: string): string {
  return `v=UAAC1; a=sha256; d=${createHash('sha256').update(document).digest('base64')}`;
}
