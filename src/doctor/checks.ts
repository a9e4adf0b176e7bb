/** The table of all checks, in the order in which they are shown: this machine, the server, the DNS, the domains. */
import { acme } from './checks/acme.ts';
import { addresses } from './checks/addresses.ts';
import { associations } from './checks/associations.ts';
import { certificate } from './checks/certificate.ts';
import { clientServices } from './checks/client-services.ts';
import { clock } from './checks/clock.ts';
import { configuration } from './checks/configuration.ts';
import { dataFolder } from './checks/data-folder.ts';
import { disk } from './checks/disk.ts';
import { filters } from './checks/filters.ts';
import { domainIssuers, issuers } from './checks/issuers.ts';
import { listeners } from './checks/listeners.ts';
import { lmtp } from './checks/lmtp.ts';
import { logFile } from './checks/log-file.ts';
import { mailExchangers } from './checks/mail-exchangers.ts';
import { relay } from './checks/relay.ts';
import { reports } from './checks/reports.ts';
import { resolver } from './checks/resolver.ts';
import { reverseNames } from './checks/reverse-names.ts';
import { authorPolicy, senderPolicy } from './checks/sender-policies.ts';
import { server } from './checks/server.ts';
import { setupNames } from './checks/setup-names.ts';
import { signingKeys } from './checks/signing-keys.ts';
import { transportPolicy } from './checks/transport-policy.ts';
import type { Check } from './world.ts';

/** Of each domain, in the DNS, and of the host that takes its mail, what is published beside it. */
export const DOMAIN_CHECKS: readonly Check[] = Object.freeze([
  ...[mailExchangers, senderPolicy, signingKeys, authorPolicy, transportPolicy],
  ...[clientServices, setupNames, domainIssuers, associations, reports],
]);

export const CHECKS: readonly Check[] = Object.freeze([
  ...[configuration, clock, disk, dataFolder, logFile],
  ...[server, listeners, lmtp, relay, certificate, acme],
  ...[resolver, addresses, reverseNames, issuers, filters],
  ...DOMAIN_CHECKS,
]);
