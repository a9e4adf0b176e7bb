/**
 * The commands of the AUTHORIZATION state: USER and PASS (RFC 1939 §7), AUTH (RFC 5034), STLS (RFC 2595 §4), UTF8
 * (RFC 6856 §2). Every refusal comes before the password is looked at, and none says which account exists.
 */
import { Secret } from '../base/secret.ts';
import { type Exchange, ExchangeFault } from '../identity/exchange.ts';
import { StreamClosed } from '../net/outbox.ts';
import { type Credentials, MAX_NAME_BYTES, MAX_PASSWORD_BYTES } from '../sasl/mechanism.ts';
import { findMechanism, offeredMechanisms } from '../sasl/mechanisms.ts';
import { isProhibited, prepareName, preparePassword } from '../sasl/prepare.ts';
import { command, type DoorContext } from './command.ts';
import { Mistake, Refusal } from './faults.ts';
import { parseBase64, wordsOf } from './wire.ts';

const AUTHORIZATION = Object.freeze(['authorization'] as const);

export const user = command(AUTHORIZATION, ({ session, argument }) => {
  requirePlaintext(session);
  if (argument.length === 0) throw new Mistake((texts) => texts.usage('USER name'));
  const name = argument.length > MAX_NAME_BYTES ? undefined : prepareName(utf8(argument));
  if (!name) throw new Refusal((texts) => texts.malformedCredentials(), 'AUTH');
  session.enter({ kind: 'authorization', username: name });
  session.ok(session.texts.userTaken());
});

/** All after the blank is the password, blanks included (RFC 1939 §7). */
export const pass = command(AUTHORIZATION, async ({ session, state, argument }) => {
  requirePlaintext(session);
  const { username } = state;
  if (username === undefined) throw new Mistake((texts) => texts.userFirst());
  session.enter({ kind: 'authorization' });
  const credentials = { kind: 'password' as const, username, password: passwordOf(session, argument) };
  await signIn(session, credentials, 'USER');
});

/** A password that no account can have counts like a wrong one. */
function passwordOf(session: DoorContext, argument: Buffer): Secret {
  try {
    if (argument.length > MAX_PASSWORD_BYTES) throw new Refusal((texts) => texts.badCredentials(), 'AUTH');
    const password = utf8(argument);
    // RFC 6856 §2.2 has no mercy for them, other than SASL, which lets a password be what another system took it for.
    if (isProhibited(password)) throw new Refusal((texts) => texts.malformedCredentials(), 'AUTH');
    return new Secret(preparePassword(password));
  } catch (error) {
    session.presence.refused();
    throw error;
  }
}

/** Without an argument it lists the mechanisms, as clients older than CAPA expect. */
export const auth = command(AUTHORIZATION, async ({ session, argument }) => {
  const [name, initial, ...more] = wordsOf(argument);
  if (name === undefined) return listMechanisms(session);
  const mechanism = findMechanism(name);
  if (mechanism === undefined) throw new Refusal((texts) => texts.unknownMechanism());
  requirePlaintext(session);
  const terms = session.saslTerms;
  if (!mechanism.isOffered(terms)) throw new Refusal((texts) => texts.unknownMechanism());
  if (more.length > 0) throw new Mistake((texts) => texts.usage('AUTH mechanism [initial-response]'));
  const first = initial === undefined ? undefined : decoded(initial);
  const exchange = { mechanism, terms, initial: first, ask: asking(session) };
  session.enter(await session.exchange(exchange).catch(asRefusal));
});

function asking(session: DoorContext): Exchange['ask'] {
  return async (challenge) => {
    const line = await session.ask(challenge);
    if (line === undefined) throw new StreamClosed('the client is gone');
    const text = line.toString('latin1');
    return text === '*' ? undefined : decoded(text);
  };
}

function asRefusal(error: unknown): never {
  if (!(error instanceof ExchangeFault)) throw error;
  if (error.kind === 'cancelled') throw new Refusal((texts) => texts.cancelled());
  throw new Refusal((texts) => texts.malformedCredentials(), 'AUTH');
}

export const stls = command(AUTHORIZATION, async ({ session }) => {
  if (session.isSecure) throw new Refusal((texts) => texts.tlsAlready());
  if (session.isUtf8) throw new Refusal((texts) => texts.tlsTooLate());
  await session.startTls();
  // What was said in plain text may have been said by somebody else (RFC 2595 §4).
  session.enter({ kind: 'authorization' });
});

export const utf8Mode = command(AUTHORIZATION, ({ session, argument }) => {
  if (wordsOf(argument).length > 0) throw new Mistake((texts) => texts.usage('UTF8'));
  session.useUtf8();
  session.ok(session.texts.utf8());
});

async function signIn(session: DoorContext, credentials: Credentials, mechanism: string): Promise<void> {
  session.enter(await session.signIn(credentials, mechanism));
}

function listMechanisms(session: DoorContext): void {
  session.ok(session.texts.mechanisms());
  const offered = offeredMechanisms(session.saslTerms);
  session.lines(offered.map(({ name }) => `${name}\r\n`).join(''));
  session.endList();
}

function requirePlaintext(session: DoorContext): void {
  if (!session.saslTerms.mayUsePlaintext) throw new Refusal((texts) => texts.plaintextRefused());
}

function decoded(text: string): Buffer {
  const bytes = parseBase64(text);
  if (bytes === undefined) throw new Mistake((texts) => texts.notBase64());
  return bytes;
}

/** RFC 6856 §2.2: what is not UTF-8 is refused. */
function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refusal((texts) => texts.notUtf8(), 'AUTH');
  }
}
