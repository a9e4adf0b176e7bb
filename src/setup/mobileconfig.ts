/**
 * A profile that sets up mail on an iPhone, an iPad or a Mac. What anybody gets at
 * `https://autoconfig.DOMAIN/profile.mobileconfig?address=A` has no password, which the device asks for, and is the same for an address
 * that exists and for one that does not. Whoever may make an app password gets one with a fresh one in it, for one device.
 */
import { createHash } from 'node:crypto';
import { GateFull, Semaphore } from '../base/gate.ts';
import type { Secret } from '../base/secret.ts';
import { type Route, text } from '../http/exchange.ts';
import type { Pair } from '../net/tls.ts';
import { type ClientService, domainOf, plainAddress, type SetupSettings, waysOf } from './services.ts';
import { signedData } from './signed-data.ts';
import { element } from './xml.ts';

const TYPE = 'application/x-apple-aspen-config';
const MAX_WAITING = 50;
const DOCTYPE =
  '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">';

/** `pair`: what TLS clients get at the moment. */
export function mobileconfigRoutes(settings: SetupSettings, pair: () => Pair): readonly Route[] {
  // Anybody may ask, and a signature takes longer than anything else here.
  const gate = new Semaphore(1, MAX_WAITING);
  return [
    {
      method: 'GET',
      path: '/profile.mobileconfig',
      async answer({ host, query }) {
        const address = plainAddress(query.get('address') ?? query.get('emailaddress'));
        if (address === undefined)
          return text(400, 'Say for which address: /profile.mobileconfig?address=you@example.com\n');
        const domain = await domainOf(settings, { host, address });
        const profile = mobileconfig({ address, hostname: settings.hostname, services: settings.services() });
        if (domain === undefined || profile === undefined)
          return text(404, 'There is no profile for that here.\n');
        try {
          const body = await gate.run(() => signed(profile, pair()));
          const disposition = `attachment; filename="${domain}.mobileconfig"`;
          return { status: 200, headers: { 'content-type': TYPE, 'content-disposition': disposition }, body };
        } catch (error) {
          if (!(error instanceof GateFull)) throw error;
          return { ...text(503, 'Ask again in a moment.\n'), headers: { 'retry-after': '5' } };
        }
      },
    },
  ];
}

/** What a password in a profile has to be good for. */
export function usedBy(services: readonly ClientService[]): readonly ClientService['kind'][] | undefined {
  const ways = waysOf(services);
  return ways && [ways.incoming.kind, ways.outgoing.kind];
}

/** As it is where the key is of a kind that this does not sign with; a device then says that it is not signed. */
export async function signed(profile: string, pair: Pair): Promise<Buffer> {
  const content = Buffer.from(profile);
  return (await signedData(content, pair, new Date())) ?? content;
}

export interface ProfileFacts {
  readonly address: string;
  readonly hostname: string;
  readonly services: readonly ClientService[];
  /** The device asks for it when there is none. */
  readonly password?: Secret;
}

/** Undefined without a way in and a way out: the device takes no half of it. */
export function mobileconfig({ address, hostname, services, password }: ProfileFacts): string | undefined {
  const ways = waysOf(services);
  if (ways === undefined) return undefined;
  const { incoming, outgoing } = ways;
  const name = `${hostname}.${address.replace('@', '.at.')}`;
  const mail = dict({
    PayloadType: 'com.apple.mail.managed',
    PayloadVersion: 1,
    PayloadIdentifier: `${name}.mail`,
    PayloadUUID: uuidOf(`${name}.mail`),
    PayloadDisplayName: address,
    EmailAccountType: incoming.kind === 'imap' ? 'EmailTypeIMAP' : 'EmailTypePOP',
    EmailAccountDescription: address,
    EmailAddress: address,
    IncomingMailServerAuthentication: 'EmailAuthPassword',
    IncomingMailServerHostName: hostname,
    IncomingMailServerPortNumber: incoming.port,
    IncomingMailServerUseSSL: true,
    IncomingMailServerUsername: address,
    OutgoingMailServerAuthentication: 'EmailAuthPassword',
    OutgoingMailServerHostName: hostname,
    OutgoingMailServerPortNumber: outgoing.port,
    OutgoingMailServerUseSSL: true,
    OutgoingMailServerUsername: address,
    OutgoingPasswordSameAsIncomingPassword: true,
    ...(password === undefined ? {} : { IncomingPassword: password.reveal() }),
  });
  const profile = dict({
    PayloadType: 'Configuration',
    PayloadVersion: 1,
    PayloadIdentifier: name,
    PayloadUUID: uuidOf(name),
    PayloadDisplayName: `Mail: ${address}`,
    PayloadOrganization: hostname,
    PayloadRemovalDisallowed: false,
    PayloadContent: [mail],
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${DOCTYPE}\n${element('plist', [profile], { version: '1.0' })}\n`;
}

type Value = string | number | boolean | readonly string[];

function dict(entries: Readonly<Record<string, Value>>): string {
  return element(
    'dict',
    Object.entries(entries).flatMap(([key, value]) => [element('key', key), plistValue(value)]),
  );
}

function plistValue(value: Value): string {
  if (typeof value === 'boolean') return value ? '<true/>' : '<false/>';
  if (typeof value === 'number') return element('integer', String(value));
  return typeof value === 'string' ? element('string', value) : element('array', value);
}

/** The same for the same address (RFC 9562 §5.8), so that installing it again replaces what was there. */
function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(18, 20)}`,
    hex.slice(20, 32),
  ]
    .join('-')
    .toUpperCase();
}
