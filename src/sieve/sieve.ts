/**
 * Sieve (RFC 5228 and its extensions): the door of the layer. A script becomes values, a message and an environment go in, effects come
 * out. Everything here is pure: no clock, no disk, no network, no accounts; `mail` and `base` are all it stands on.
 *
 * To run scripts at delivery:
 * 1. `compileInTurns` when a script is stored (its `ScriptError` is what the owner reads), and again when it is run; the result depends on
 *    the text and the version of the server alone, so that it can be kept by a hash of the text.
 * 2. Fill in an `Environment`. The message may be the facts that were computed as it came in (`decodeParts`, the header) and a way to
 *    read octets of the staged body, which only scripts that look at the body cause. Mailboxes, lists and memories may answer at once
 *    or with promises.
 * 3. `runScripts` with the scripts in their order: the administrator's, the owner's, the one made from settings, the administrator's last.
 *    `pause` lets others in.
 * 4. Carry out the outcome in one commit: `effects` in their order, `seen` and the memory of a reply with them. `failures` and `notes` are
 *    for the log of rules and, once a day, for the owner.
 *
 * Who carries out the effects keeps the promise that no mail is lost: a redirect, a reject or a copy that cannot be done leaves the message
 * in INBOX. `reject` and `ereject` are replies of the protocol where there is one; what else they may become is RFC 5429 §2.
 *
 * What the environment throws comes through, as a bug does: the caller keeps the message in INBOX then, as it does when nobody has a
 * script. `fileinto` names mailboxes that were there when it was asked; if one is gone when the effects are carried out, INBOX it is.
 *
 * To check a script while it is edited: its `warnings`. To explain one: `Environment.trace`, and `explain.ts`.
 * The scripts of mailboxes (RFC 6785) run the same way, with `imap.*` among the items and no envelope.
 */
import { checkScript } from './compile/checker.ts';
import type { Language } from './compile/language.ts';
import type { Script } from './compile/script.ts';
import type { Environment } from './environment.ts';
import { LANGUAGE, languageWithout } from './extensions.ts';
import { execute, type Outcome } from './run/interpreter.ts';
import { LIMITS, type Limits } from './run/limits.ts';
import { finish, finishInTurns, type Steps } from './run/steps.ts';
import { parseScript, scriptText } from './syntax/parser.ts';

/** The words of `require`, as ManageSieve advertises them. */
export const CAPABILITIES: readonly string[] = LANGUAGE.capabilities;

/** Throws `ScriptError` with line and column, and nothing else. */
export function compileScript(source: Buffer | string, name = ''): Script {
  return finish(compiling(LANGUAGE, source, name));
}

/**
 * The same, letting others in: a script of a megabyte takes a tenth of a second. `language`: of a server that has less of it
 * (`languageWithout`).
 */
export function compileInTurns(
  source: Buffer | string,
  name: string,
  pause: () => Promise<void> | undefined,
  language = LANGUAGE,
): Promise<Script> {
  return finishInTurns(compiling(language, source, name), pause);
}

function* compiling(language: Language, source: Buffer | string, name: string): Steps<Script> {
  const text = typeof source === 'string' ? source : scriptText(source);
  const tree = parseScript(text);
  yield undefined;
  return yield* checkScript(language, tree, name);
}

export { languageWithout };

export function runScripts(
  scripts: readonly Script[],
  environment: Environment,
  { limits = LIMITS, pause = () => undefined }: RunOptions = {},
): Promise<Outcome> {
  return finishInTurns(execute(LANGUAGE, scripts, environment, limits), pause);
}

export interface RunOptions {
  readonly limits?: Limits;
  /** Asked often; waited for when it is a promise. */
  readonly pause?: () => Promise<void> | undefined;
}
