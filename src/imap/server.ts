/**
 * The IMAP ports, whose connections come to a door; and the sessions of connections that came to another process's.
 */

import { type Receive, signedInBy } from '../identity/handing-over.ts';
import { noteSignedOut } from '../identity/presence.ts';
import { Sharing } from '../identity/sharing.ts';
import type { Listener } from '../net/listener.ts';
import { openPorts, type Port, type SharedOptions } from '../net/ports.ts';
import { SendMemory } from '../net/send-memory.ts';
import { Dialogue } from './dialogue.ts';
import { ImapDoor } from './door.ts';
import { makeRegistry } from './extensions.ts';
import type { ImapServices } from './services.ts';
import { ImapSession } from './session.ts';
import { languageNamed } from './words/language.ts';

export interface ImapPorts extends SharedOptions {
  /** Where to listen: `imap` with STARTTLS, `imaps` with TLS from the first octet. */
  readonly listen: readonly Port<'imap' | 'imaps'>[];
}

export function imapServices(parts: Omit<ImapServices, 'registry' | 'sendMemory' | 'sharing'>): ImapServices {
  const sharing = new Sharing(parts.domain);
  return { ...parts, sharing, registry: makeRegistry(parts.settings), sendMemory: new SendMemory() };
}

export async function startImap(services: ImapServices, ports: ImapPorts): Promise<readonly Listener[]> {
  return openPorts({
    listen: ports.listen,
    service: 'imap',
    secureName: 'imaps',
    tls: services.tls,
    shared: ports,
    farewell: '* BYE [UNAVAILABLE]',
    accept: (connection, guest) => ImapDoor.of(connection, guest, services),
    onLeft: (guest) => noteSignedOut(services.activity, guest),
  });
}

export function receiveImap(services: ImapServices): Receive {
  return async (arriving) => {
    const { connection, guest, handover } = arriving;
    const dialogue = new Dialogue(connection, guest, services);
    const who = signedInBy(arriving);
    dialogue.speak(languageNamed(String(handover.session.language)));
    const session = await ImapSession.enter(dialogue, who);
    dialogue.presence.arrived(who, handover.mechanism);
    return session.arrived(String(handover.session.tag));
  };
}
