/**
 * What Thunderbird and its kin ask for (draft-ietf-mailmaint-autoconfig): `http(s)://autoconfig.DOMAIN/mail/config-v1.1.xml` and
 * `https://DOMAIN/.well-known/autoconfig/mail/config-v1.1.xml`.
 */
import { type HttpReply, type Route, text } from '../http/exchange.ts';
import { type ClientService, domainOf, plainAddress, type SetupSettings } from './services.ts';
import { element } from './xml.ts';

const SOCKETS = { tls: 'SSL', starttls: 'STARTTLS' } as const;

export function autoconfigRoutes(settings: SetupSettings): readonly Route[] {
  return ['/mail/config-v1.1.xml', '/.well-known/autoconfig/mail/config-v1.1.xml'].map((path) => ({
    ...{ method: 'GET', path },
    async answer({ host, query }): Promise<HttpReply> {
      const domain = await domainOf(settings, { host, address: plainAddress(query.get('emailaddress')) });
      if (domain === undefined) return text(404, 'This server has no mail of that domain.\n');
      return {
        status: 200,
        headers: { 'content-type': 'text/xml; charset=utf-8' },
        body: autoconfig(domain, settings.hostname, settings.services()),
      };
    },
  }));
}

export function autoconfig(domain: string, hostname: string, services: readonly ClientService[]): string {
  const provider = element(
    'emailProvider',
    [
      element('domain', domain),
      element('displayName', `Mail of ${domain}`),
      element('displayShortName', domain),
      ...services.map((service) => server(service, hostname)),
    ],
    { id: domain },
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('clientConfig', [provider], { version: '1.1' })}\n`;
}

function server({ kind, port, security }: ClientService, hostname: string): string {
  const isOutgoing = kind === 'submission';
  return element(
    isOutgoing ? 'outgoingServer' : 'incomingServer',
    [
      element('hostname', hostname),
      element('port', String(port)),
      element('socketType', SOCKETS[security]),
      element('username', '%EMAILADDRESS%'),
      element('authentication', 'password-cleartext'),
    ],
    { type: isOutgoing ? 'smtp' : kind },
  );
}
