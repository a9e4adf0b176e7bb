/**
 * Submission (RFC 6409): where people's programs send mail, with STARTTLS (the port 587) or with TLS from the first octet (465,
 * RFC 8314 §3.3). Connections of accounts that another process holds go there when somebody has signed in.
 */

import { type Receive, signedInBy } from '../identity/handing-over.ts';
import { Identities } from '../identity/identities.ts';
import { noteSignedOut } from '../identity/presence.ts';
import { Sharing } from '../identity/sharing.ts';
import type { Connection } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import type { Listener } from '../net/listener.ts';
import { openPorts, type Port, type SharedOptions } from '../net/ports.ts';
import type { Hello } from '../smtp/role.ts';
import { SmtpSession } from '../smtp/session.ts';
import { Allowances } from './allowance.ts';
import { Notices } from './notice.ts';
import { SUBMISSION_REPLY } from './replies.ts';
import { MAX_MESSAGES, SubmissionRole } from './role.ts';
import type { SubmissionServices } from './services.ts';

/** Commands that make no sense. */
const MAX_MISTAKES = 20;
/** RFC 4954 §4 has 12,288 octets for a response, and tokens are long. */
const MAX_LINE_BYTES = 16 * 1024;

export interface SubmissionPorts extends SharedOptions {
  readonly listen: readonly Port<'submission' | 'submissions'>[];
}

export function submissionServices(
  parts: Omit<SubmissionServices, 'allowances' | 'notices' | 'identities'>,
): SubmissionServices {
  const { domain, recipients, settings } = parts;
  const { hostname, defaultDomain } = settings;
  const sharing = new Sharing(domain);
  const identities = new Identities({
    recipients,
    defaultDomain,
    aliases: () => domain.store.directory.domains.listAliases(),
    mayPostFor: (who, owner) => sharing.mayPostFor(who, owner),
  });
  const notices = new Notices({ domain, hostname, postmaster: `postmaster@${defaultDomain}` });
  return { ...parts, identities, allowances: new Allowances(), notices };
}

export function startSubmission(
  services: SubmissionServices,
  ports: SubmissionPorts,
): Promise<readonly Listener[]> {
  return openPorts({
    listen: ports.listen,
    service: 'submission',
    secureName: 'submissions',
    tls: services.tls,
    shared: ports,
    farewell: '421 4.3.2',
    accept: (connection, guest) =>
      newSession(connection, new SubmissionRole(connection, guest, services), { guest, services }),
    onLeft: (guest) => noteSignedOut(services.activity, guest),
  });
}

export function receiveSubmission(services: SubmissionServices): Receive {
  return async (arriving) => {
    const { connection, guest, handover } = arriving;
    const role = new SubmissionRole(connection, guest, services);
    await role.arrive(signedInBy(arriving), handover.mechanism);
    const { helo, isExtended } = handover.session;
    const hello = { name: String(helo), isExtended: isExtended === true };
    return newSession(connection, role, { guest, services, hello });
  };
}

interface Beginning {
  readonly guest: Guest;
  readonly services: SubmissionServices;
  /** Of somebody who has signed in at another process. */
  readonly hello?: Hello;
}

function newSession(connection: Connection, role: SubmissionRole, beginning: Beginning): SmtpSession {
  const { guest, services, hello } = beginning;
  const { settings, tls, log } = services;
  const { deadlines, loginTimeoutMs } = settings;
  const session = new SmtpSession(connection, guest, {
    ...settings,
    ...{ role, tls, log },
    // Who has not signed in has not that long.
    deadlines: {
      ...deadlines,
      get idleMs() {
        return role.isSignedIn ? deadlines.idleMs : Math.min(deadlines.idleMs, loginTimeoutMs);
      },
    },
    maxMessages: MAX_MESSAGES,
    maxMistakes: MAX_MISTAKES,
    maxLineBytes: MAX_LINE_BYTES,
    ...(hello === undefined ? {} : { resumed: { hello, reply: SUBMISSION_REPLY.signedIn } }),
  });
  role.onEvicted = (reason) => session.dismiss(reason);
  return session;
}
