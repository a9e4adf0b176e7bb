/**
 * The commands of RFC 5804 §2, each with the states in which it may be given. A command reads all of its words before it
 * does anything.
 */
import { MailboxError } from '../mailbox/model/errors.ts';
import {
  activateScript,
  checkScriptRoom,
  deleteScript,
  own,
  readScript,
  renameScript,
  scriptName,
  scriptOf,
} from '../mailbox/operations/scripts.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { editScript, judgeScript } from '../rules/editing.ts';
import { MAX_RESPONSE_BYTES } from '../sasl/mechanism.ts';
import { findMechanism } from '../sasl/mechanisms.ts';
import type { Warning } from '../sieve/compile/script.ts';
import { ScriptError } from '../sieve/syntax/fault.ts';
import type { Call, Command, SessionContext, State } from './command.ts';
import { Mistake, Refusal, sentence } from './faults.ts';
import { line, stringOf } from './wire/writer.ts';

const ANY = ['authorization', 'signed-in'] as const;
const BEFORE = ['authorization'] as const;
const AFTER = ['signed-in'] as const;

type Owned = Call & { readonly account: AccountState };

/** Of somebody who is signed in. */
function after(run: (call: Owned) => void | Promise<void>): Command {
  return { states: AFTER, run: (call) => run({ ...call, account: accountIn(call.state) }) };
}

function accountIn(state: State): AccountState {
  if (state.kind !== 'signed-in') throw new Mistake('Sign in first');
  return state.account;
}

const capability: Command = {
  states: ANY,
  run({ session, args }) {
    args.end();
    session.tellCapabilities();
    session.ok();
  },
};

const noop: Command = {
  states: ANY,
  run({ session, args }) {
    const tag = args.isAtEnd ? undefined : args.text('a tag');
    args.end();
    if (tag === undefined) session.ok('Done');
    else session.ok('Done', { name: 'TAG', value: tag });
  },
};

const logout: Command = {
  states: ANY,
  run({ session, args }) {
    args.end();
    session.ok('Goodbye');
    session.end();
  },
};

const starttls: Command = {
  states: BEFORE,
  async run({ session, args }) {
    args.end();
    if (session.isSecure) throw new Refusal('The connection is secure already');
    await session.startTls();
    // RFC 5804 §2.2: what was said before the handshake may have been somebody else's words.
    session.tellCapabilities();
    session.ok('The connection is secure now');
  },
};

const authenticate: Command = {
  states: BEFORE,
  async run({ session, args }) {
    const name = args.text('the name of a mechanism');
    const initial = args.isAtEnd ? undefined : decoded(args.octets('an initial response'));
    args.end();
    const mechanism = findMechanism(name);
    if (mechanism?.isOffered(session.saslTerms) !== true) {
      if (session.saslTerms.mayUsePlaintext)
        throw new Refusal(`There is no mechanism ${name.slice(0, 40)} here`);
      throw new Refusal('Begin TLS first', { name: 'ENCRYPT-NEEDED' });
    }
    await session.signIn({ mechanism, initial });
  },
};

const unauthenticate = after(({ session, args }) => {
  args.end();
  session.signOut();
  session.ok('Nobody is signed in');
});

const havespace = after(({ session, args, account }) => {
  const name = nameIn(args.text('the name of a script'));
  const bytes = args.number('a number of octets');
  args.end();
  checkScriptRoom(account, name, bytes, session.editing.limits);
  session.ok();
});

const putscript = after(async ({ session, args, account }) => {
  const name = nameIn(args.text('the name of a script'));
  const text = args.octets('a script');
  args.end();
  const { warnings } = await inWords(() => editScript(session.domain, session.editing, account, name, text));
  session.note('script changed', { script: name.name });
  sayWarnings(session, warnings);
});

const checkscript = after(async ({ session, args, account }) => {
  const text = args.octets('a script');
  args.end();
  // It is kept under no name, so that only its own size counts.
  const name = account.scripts.find(({ role }) => role === 'own') ?? own('');
  const { limits } = session.editing;
  const editing = {
    ...session.editing,
    limits: { ...limits, scripts: Number.MAX_SAFE_INTEGER, accountBytes: Number.MAX_SAFE_INTEGER },
  };
  sayWarnings(session, await inWords(() => judgeScript(editing, account, { ...own(name.name) }, text)));
});

const listscripts = after(({ session, args, account }) => {
  args.end();
  const scripts = account.scripts.filter(({ role }) => role === 'own');
  for (const { name, isActive } of scripts.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
    session.say(line([name], isActive ? 'ACTIVE' : ''));
  session.ok();
});

const getscript = after(async ({ session, args, account }) => {
  const name = own(args.text('the name of a script'));
  args.end();
  const text = await readScript(session.domain, account, scriptOf(account, name));
  session.say(Buffer.concat([literal(text), Buffer.from('\r\n')]));
  session.ok();
});

const setactive = after(async ({ session, args, account }) => {
  const name = args.text('the name of a script');
  args.end();
  await activateScript(session.domain, account, own(name).name);
  session.note('script activated', { script: name });
  session.ok();
});

const deletescript = after(async ({ session, args, account }) => {
  const name = args.text('the name of a script');
  args.end();
  await deleteScript(session.domain, account, own(name));
  session.note('script deleted', { script: name });
  session.ok();
});

const renamescript = after(async ({ session, args, account }) => {
  const from = args.text('the name of a script');
  const to = args.text('its new name');
  args.end();
  await renameScript(session.domain, account, own(from).name, to);
  session.note('script renamed', { script: `${from} -> ${to}` });
  session.ok();
});

export const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.entries({
    AUTHENTICATE: authenticate,
    STARTTLS: starttls,
    LOGOUT: logout,
    CAPABILITY: capability,
    NOOP: noop,
    UNAUTHENTICATE: unauthenticate,
    HAVESPACE: havespace,
    PUTSCRIPT: putscript,
    CHECKSCRIPT: checkscript,
    LISTSCRIPTS: listscripts,
    SETACTIVE: setactive,
    GETSCRIPT: getscript,
    DELETESCRIPT: deletescript,
    RENAMESCRIPT: renamescript,
  }),
);

function nameIn(text: string) {
  return own(scriptName(text));
}

/** What is wrong with a script is the answer. */
async function inWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ScriptError) throw new Refusal(error.message);
    if (error instanceof MailboxError && error.code === 'too-big')
      throw new Refusal(sentence(error.message), { name: 'QUOTA/MAXSIZE' });
    throw error;
  }
}

/** RFC 5804 §1.3 WARNINGS: the script was taken all the same. */
function sayWarnings(session: SessionContext, warnings: readonly Warning[]): void {
  if (warnings.length === 0) session.ok();
  else
    session.ok(
      warnings
        .map(({ reason, place }) => `line ${place.line}, column ${place.column}: ${reason}`)
        .join('\r\n'),
      { name: 'WARNINGS' },
    );
}

/** However short a script is: some clients know no other form of it. */
function literal(text: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`{${text.length}}\r\n`), text]);
}

/** Base64 in a string (RFC 5804 §2.1); an empty one is an empty response. */
export function decoded(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  const octets = Buffer.from(text, 'base64');
  if (text.length > 2 * MAX_RESPONSE_BYTES || octets.toString('base64') !== text)
    throw new Mistake('Expected base64');
  return octets;
}

export function encoded(bytes: Buffer): Buffer {
  return Buffer.concat([stringOf(bytes.toString('base64')), Buffer.from('\r\n')]);
}
