/**
 * What stands in the code that sets up Thunderbird on a phone, which scans it: JSON of the format "Export for Mobile", version 1, by which
 * Thunderbird on a computer hands an account over (documented with Thunderbird for Android). It has an app password in it.
 */
import type { Secret } from '../base/secret.ts';
import { type ClientService, waysOf } from './services.ts';

export interface MobileExportFacts {
  readonly address: string;
  /** As which the person writes. */
  readonly name: string;
  readonly hostname: string;
  readonly services: readonly ClientService[];
  readonly password: Secret;
}

const FORMAT = 1;
const INCOMING = { imap: 0, pop3: 1 } as const;
const SMTP = 0;
const SECURITY = { starttls: 2, tls: 3 } as const;
const PASSWORD = 1;
const ASCII = /^[\x20-\x7e]+$/;

/** Undefined without a way in and a way out, and for an address that the format has no room for. */
export function mobileExport(facts: MobileExportFacts): string | undefined {
  const { address, name, hostname, password } = facts;
  const ways = waysOf(facts.services);
  if (ways === undefined || !ASCII.test(address)) return undefined;
  const server = ({ port, security }: ClientService) => [
    hostname,
    port,
    SECURITY[security],
    PASSWORD,
    address,
  ];
  const { incoming, outgoing } = ways;
  const protocol = incoming.kind === 'pop3' ? INCOMING.pop3 : INCOMING.imap;
  const secret = password.reveal();
  return JSON.stringify([
    FORMAT,
    [1, 1],
    // The name of the account is left to the phone, which takes the address.
    [protocol, ...server(incoming), '', secret],
    [
      [
        [SMTP, ...server(outgoing), secret],
        [address, name],
      ],
    ],
  ]);
}
