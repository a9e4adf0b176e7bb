/**
 * The POP3 ports, whose connections come to a door; and the sessions of connections that came to another process's.
 */

import { type Receive, signedInBy } from '../identity/handing-over.ts';
import { noteSignedOut } from '../identity/presence.ts';
import type { Listener } from '../net/listener.ts';
import { openPorts, type Port, type SharedOptions } from '../net/ports.ts';
import { HandoverRefused } from '../net/relay.ts';
import { Dialogue } from './dialogue.ts';
import { Pop3Door } from './door.ts';
import { Refusal } from './faults.ts';
import { MaildropLocks } from './lock.ts';
import type { Pop3Services } from './services.ts';
import { Pop3Session } from './session.ts';
import { SizeCounts } from './size-counts.ts';
import { findLanguage, type Texts } from './texts.ts';

export interface Pop3Ports extends SharedOptions {
  /** Where to listen: `pop3` with STLS, `pop3s` with TLS from the first octet. */
  readonly listen: readonly Port<'pop3' | 'pop3s'>[];
}

/** For all ports: a maildrop has one session, wherever that came in. */
export function pop3Services(parts: Omit<Pop3Services, 'locks' | 'sizes'>): Pop3Services {
  return { ...parts, locks: new MaildropLocks(parts.domain.clock), sizes: new SizeCounts() };
}

export async function startPop3(services: Pop3Services, ports: Pop3Ports): Promise<readonly Listener[]> {
  return openPorts({
    listen: ports.listen,
    service: 'pop3',
    secureName: 'pop3s',
    tls: services.tls,
    shared: ports,
    farewell: '-ERR [SYS/TEMP]',
    accept: (connection, guest) => new Pop3Door(connection, guest, services),
    onLeft: (guest) => noteSignedOut(services.activity, guest),
  });
}

export function receivePop3(services: Pop3Services): Receive {
  return async (arriving) => {
    const { connection, guest, handover } = arriving;
    const dialogue = new Dialogue(connection, guest, services);
    const who = signedInBy(arriving);
    dialogue.language = findLanguage(String(handover.session.language)) ?? dialogue.language;
    dialogue.isUtf8 = handover.session.isUtf8 === true;
    const session = await Pop3Session.enter(dialogue, who).catch((error) => refuse(error, dialogue.texts));
    dialogue.presence.arrived(who, handover.mechanism);
    return session;
  };
}

function refuse(error: unknown, texts: Texts): never {
  if (!(error instanceof Refusal)) throw error;
  throw new HandoverRefused(error.code ?? '', error.textIn(texts), true);
}
