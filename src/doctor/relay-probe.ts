/**
 * Asks the port for mail from the world to pass something on to strangers, as those do who look for a server to abuse, and takes it
 * back before anything is sent.
 */
import { connect } from 'node:net';

export interface RelayAsked {
  /** The reply to the recipient, or what went wrong before it. */
  readonly reply: string;
  readonly kind: 'refused' | 'taken' | 'unclear';
}

const PATIENCE_MS = 10_000;
const MAX_HEARD = 8192;
/** Nobody is there (RFC 2606 §3). */
const STRANGER = 'relay-test@example.net';
const WORDS = ['EHLO relay-test.example.net', 'MAIL FROM:<>', `RCPT TO:<${STRANGER}>`];

export async function askToRelay(host: string, port: number): Promise<RelayAsked> {
  const socket = connect({ host, port });
  const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), PATIENCE_MS);
  try {
    let said = 0;
    let text = '';
    for await (const bytes of socket as AsyncIterable<Buffer>) {
      text += bytes.toString('latin1');
      if (text.length > MAX_HEARD) break;
      const reply = lastReply(text);
      if (reply === undefined) continue;
      text = '';
      // The greeting, EHLO and MAIL have to be taken for the question to mean anything.
      if (said === 3) return { reply, kind: reply.startsWith('2') ? 'taken' : 'refused' };
      if (!reply.startsWith('2')) return { reply, kind: 'unclear' };
      socket.write(`${WORDS[said++]}\r\n`);
    }
    return { reply: 'the connection ends', kind: 'unclear' };
  } catch (error) {
    return { reply: (error as Error).message, kind: 'unclear' };
  } finally {
    clearTimeout(timer);
    if (socket.writable) socket.end('QUIT\r\n');
    socket.destroySoon();
  }
}

/** Whole, of one line or several (RFC 5321 §4.2.1). */
function lastReply(text: string): string | undefined {
  const lines = text.split('\r\n');
  if (lines.pop() !== '') return undefined;
  return lines.find((line) => /^\d{3}(?: |$)/.test(line));
}
