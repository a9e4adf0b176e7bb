/**
 * `brevduva sieve test`: what a script would do with a message, and why. Nothing is sent, stored or remembered, and no account is asked:
 * mailboxes that the script names are taken to be there, nobody was answered before, and included scripts lie beside the script.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import type { Script } from '../sieve/compile/script.ts';
import type { Envelope, Environment, TraceStep } from '../sieve/environment.ts';
import { explainOutcome } from '../sieve/explain.ts';
import { fieldAddresses, readAddress, wholeAddress } from '../sieve/message/fields.ts';
import { messageOf } from '../sieve/message/message.ts';
import type { Outcome } from '../sieve/run/interpreter.ts';
import { compileScript, runScripts } from '../sieve/sieve.ts';
import { ScriptError } from '../sieve/syntax/fault.ts';
import { parseScript, scriptText } from '../sieve/syntax/parser.ts';
import { allPhrases, printPhrase } from '../sieve/syntax/print.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { counted, note, print } from './terminal.ts';

/** Of a command or test with long strings in it, as much as a line has room for. */
const MAX_STEP = 100;

interface SieveTestOptions {
  readonly envelopeFrom?: string;
  readonly envelopeTo?: string;
  readonly json?: boolean;
}

export function sieveTest(parent: Command, done: (code: ExitCode) => void): void {
  parent
    .command('test')
    .description('show what a script would do with a message, and why; nothing is done')
    .argument('<script>', 'a file with a Sieve script')
    .argument('<message>', 'a file with a message, headers and all')
    .option(
      '--envelope-from <address>',
      'the sender of the envelope, "" for none; else as Return-Path or From say',
    )
    .option('--envelope-to <address>', 'the recipient of the envelope; else as Delivered-To or To say')
    .option('--json', 'everything as one JSON object, for scripts')
    .action(async (scriptFile: string, messageFile: string, options: SieveTestOptions) => {
      const source = contentOf(scriptFile);
      const octets = contentOf(messageFile);
      const script = compiled(source, scriptFile);
      if (script === undefined) {
        done(EXIT.failed);
        return;
      }
      const steps: TraceStep[] = [];
      const environment = environmentOf(octets, {
        scriptFile,
        options,
        trace: (step) => void steps.push(step),
      });
      const outcome = await runScripts([script], environment);
      if (options.json) print(JSON.stringify(asJson(outcome, { script, environment, steps }), inJson, 2));
      else tell(outcome, { script, environment, steps, source, octets });
      done(outcome.failures.length === 0 ? EXIT.ok : EXIT.failed);
    });
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError((error as Error).message);
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
  const envelope: Envelope = {
    from:
      options.envelopeFrom === undefined
        ? addressIn(message, ['return-path', 'from'])
        : addressOf(options.envelopeFrom),
    to:
      options.envelopeTo === undefined
        ? addressIn(message, ['delivered-to', 'to'])
        : addressOf(options.envelopeTo),
  };
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

interface Told {
  readonly script: Script;
  readonly environment: Environment;
  readonly steps: readonly TraceStep[];
}

function tell(
  outcome: Outcome,
  { script, environment, steps, source, octets }: Told & { readonly source: Buffer; readonly octets: Buffer },
): void {
  const { envelope, message } = environment;
  print(`The message, ${counted(octets.length, 'octet')}, from <${envelope?.from}> to <${envelope?.to}>:`);
  for (const { reason, place } of script.warnings)
    print(`warning: line ${place.line}, column ${place.column}: ${reason}`);
  const phrases = phrasesOf(source);
  for (const step of steps) print(`  ${stepWords(step, phrases)}`);
  for (const sentence of explainOutcome(outcome, message.header.bytes)) print(sentence);
}

/** Commands and tests by their places, each on one line. */
function phrasesOf(source: Buffer): ReadonlyMap<string, string> {
  const phrases = allPhrases(parseScript(scriptText(source)));
  return new Map(
    Array.from(phrases, (phrase) => [`${phrase.place.line}:${phrase.place.column}`, printPhrase(phrase)]),
  );
}

/** `12:4   true   header :contains "subject" "x"`: place, what a test found, and what it is. */
function stepWords(
  { script, line, column, name, result }: TraceStep,
  phrases: ReadonlyMap<string, string>,
): string {
  const place = `${line}:${column}`;
  // The text of an included script is not at hand.
  const text = script === '' ? (phrases.get(place) ?? name) : `${name} in "${script}"`;
  const shown = text.replaceAll('\r\n', ' ');
  const cut = shown.length > MAX_STEP ? `${shown.slice(0, MAX_STEP)}...` : shown;
  return `${place.padEnd(8)}${(result === undefined ? 'do' : String(result)).padEnd(7)}${cut}`;
}

function asJson(
  { effects, seen, notes, failures, spent }: Outcome,
  { script, environment, steps }: Told,
): object {
  return {
    envelope: environment.envelope,
    warnings: script.warnings,
    steps,
    effects,
    seen,
    notes,
    failures,
    spent,
  };
}

/** Octets as text: headers of messages are nothing else. */
function inJson(_key: string, value: unknown): unknown {
  const isBuffer =
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value.type === 'Buffer' &&
    'data' in value;
  return isBuffer ? Buffer.from(value.data as number[]).toString('utf8') : value;
}
