/**
 * `brevduva sieve test`: what a script would do with a message, and why. Nothing is sent, stored or remembered. With `--account` it is
 * tried as that account is; without one mailboxes that the script names are taken to be there, nobody was answered before, and
 * included scripts lie beside the script.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import { unreadable } from '../config/unreadable.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { type Rehearsal, rehearsalJson } from '../rules/rehearsal.ts';
import type { Script } from '../sieve/compile/script.ts';
import type { Envelope, Environment, TraceStep } from '../sieve/environment.ts';
import { explainOutcome } from '../sieve/explain.ts';
import { fieldAddresses, readAddress, wholeAddress } from '../sieve/message/fields.ts';
import { messageOf } from '../sieve/message/message.ts';
import { compileScript, runScripts } from '../sieve/sieve.ts';
import { ScriptError } from '../sieve/syntax/fault.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { type CommonOptions, configOf, withAdmin, withCommonOptions } from './options.ts';
import { tellRehearsal } from './sieve-told.ts';
import { note, print } from './terminal.ts';

interface SieveTestOptions extends CommonOptions {
  readonly account?: string;
  readonly envelopeFrom?: string;
  readonly envelopeTo?: string;
  readonly trace?: boolean;
  readonly json?: boolean;
}

export function sieveTest(parent: Command, done: (code: ExitCode) => void): void {
  const command = parent
    .command('test')
    .description('show what a script would do with a message, and why; nothing is done')
    .argument('<script>', 'a file with a Sieve script')
    .argument('<message>', 'a file with a message, headers and all')
    .option(
      '--account <address>',
      'as if it were the active script of this account: with its mailboxes, its other scripts and those of the server',
    )
    .option(
      '--envelope-from <address>',
      'the sender of the envelope, "" for none; else as Return-Path or From say',
    )
    .option(
      '--envelope-to <address>',
      'the recipient of the envelope; else the account, or as Delivered-To or To say',
    )
    .option('--trace', 'line by line, what each test found and each command asked for')
    .option('--json', 'everything as one JSON object, for scripts');
  withCommonOptions(command).action(
    async (scriptFile: string, messageFile: string, options: SieveTestOptions) => {
      const files = { scriptFile, script: contentOf(scriptFile), message: contentOf(messageFile) };
      const rehearsal = await (options.account === undefined
        ? withoutAccount(files, options)
        : withAccount(options.account, files, options));
      if (rehearsal === undefined) {
        done(EXIT.failed);
        return;
      }
      if (options.json === true) print(rehearsalJson(rehearsal));
      else tellRehearsal(rehearsal, { ...files, isTraced: options.trace === true });
      done(rehearsal.failures.length === 0 ? EXIT.ok : EXIT.failed);
    },
  );
}

interface Files {
  readonly scriptFile: string;
  readonly script: Buffer;
  readonly message: Buffer;
}

/** Undefined: it was said what is wrong with the script. */
async function withAccount(
  account: string,
  { scriptFile, script, message }: Files,
  options: SieveTestOptions,
): Promise<Rehearsal | undefined> {
  const { from } = envelopeOf(messageOf(message), options);
  const to = options.envelopeTo === undefined ? undefined : addressOf(options.envelopeTo);
  const trial = { script, message, from, ...(to !== undefined && { to }) };
  try {
    return await withAdmin(options, ({ scripts }) => scripts.rehearse(account, trial));
  } catch (error) {
    if (!(error instanceof MailboxError) || error.code !== 'cannot') throw error;
    note(`${scriptFile}: ${error.message}`);
    return undefined;
  }
}

async function withoutAccount(
  { scriptFile, script: source, message }: Files,
  options: SieveTestOptions,
): Promise<Rehearsal | undefined> {
  const script = compiled(source, scriptFile);
  if (script === undefined) return undefined;
  const steps: TraceStep[] = [];
  const environment = environmentOf(message, {
    scriptFile,
    options,
    trace: (step) => void steps.push(step),
  });
  const { limits } = configOf(options, { isSilent: true }).config.sieve;
  const outcome = await runScripts([script], environment, { limits });
  const sentences = explainOutcome(outcome, environment.message.header.bytes);
  const { envelope = { from: '', to: '' } } = environment;
  return { envelope, warnings: script.warnings, steps, ...outcome, sentences };
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(unreadable(file, error));
  }
}

/** What is wrong with a script is the answer, not a mistake of the command line. */
function compiled(source: Buffer, file: string): Script | undefined {
  try {
    return compileScript(source);
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    note(`${file}: ${error.message}`);
    return undefined;
  }
}

interface Asked {
  readonly scriptFile: string;
  readonly options: SieveTestOptions;
  readonly trace: (step: TraceStep) => void;
}

function environmentOf(octets: Buffer, { scriptFile, options, trace }: Asked): Environment {
  const message = messageOf(octets);
  const envelope = envelopeOf(message, options);
  const nowMs = Date.now();
  const separators = '+';
  return {
    message,
    envelope,
    addresses: [envelope.to, envelope.to.replace(/\+[^@]*@/, '@')].map((one) => one.toLowerCase()),
    detailSeparators: separators,
    nowMs,
    zoneMinutes: -new Date(nowMs).getTimezoneOffset(),
    items: new Map([
      ['name', 'Brevduva'],
      ['location', 'MS'],
      ['phase', 'during'],
    ]),
    mailboxes: {
      exists: () => true,
      withId: () => undefined,
      withSpecialUse: () => undefined,
      hasSpecialUse: () => false,
      metadata: () => undefined,
      serverMetadata: () => undefined,
    },
    lists: { exists: () => false, contains: () => false, members: () => undefined },
    memory: { hasSeen: () => false, hasReplied: () => false },
    verdict: {},
    include: (location, name) => (location === 'global' ? undefined : besides(scriptFile, name)),
    trace,
  };
}

function envelopeOf(
  message: Environment['message'],
  { envelopeFrom, envelopeTo }: Pick<SieveTestOptions, 'envelopeFrom' | 'envelopeTo'>,
): Envelope {
  return {
    from: envelopeFrom === undefined ? addressIn(message, ['return-path', 'from']) : addressOf(envelopeFrom),
    to: envelopeTo === undefined ? addressIn(message, ['delivered-to', 'to']) : addressOf(envelopeTo),
  };
}

/** A script of that name, with or without `.sieve`, in the same folder and nowhere else. */
function besides(scriptFile: string, name: string): Script | undefined {
  if (basename(name) !== name || name.startsWith('.')) return undefined;
  for (const file of [name, `${name}.sieve`]) {
    let source: Buffer;
    try {
      source = readFileSync(join(dirname(scriptFile), file));
    } catch {
      continue;
    }
    return compileIncluded(source, name);
  }
  return undefined;
}

function compileIncluded(source: Buffer, name: string): Script {
  try {
    return compileScript(source, name);
  } catch (error) {
    if (error instanceof ScriptError) throw new UsageError(`${name}: ${error.message}`);
    throw error;
  }
}

function addressIn({ header }: Environment['message'], names: readonly string[]): string {
  for (const name of names) {
    const raw = header.find(name);
    const [first] = raw === undefined ? [] : fieldAddresses(raw);
    if (first !== undefined) return wholeAddress(first);
    if (raw !== undefined && name === 'return-path') return '';
  }
  return '';
}

function addressOf(text: string): string {
  if (text === '' || text === '<>') return '';
  const address = readAddress(text);
  if (address === undefined)
    throw new UsageError(`"${text}" is no mail address; expected one such as anna@example.org`);
  return wholeAddress(address);
}
