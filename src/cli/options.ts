/**
 * The options every command has, and what becomes of them: `--config FILE`, `--data DIR`, `--set NAME=VALUE` (any option of
 * the configuration). They beat the environment, which beats the file. Without a file that is named, one is looked for.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Admin } from '../admin/admin.ts';
import { findConfigFile } from '../config/find.ts';
import { loadConfig } from '../config/load.ts';
import { parseSize } from '../config/option.ts';
import { type Config, OPTIONS } from '../config/options.ts';
import { commandName, quoted } from './invocation.ts';
import type { Opening } from './local-system.ts';
import { note } from './terminal.ts';

export interface CommonOptions {
  /** Empty: none, not even one that could be found. */
  readonly config?: string;
  readonly data?: string;
  readonly set: readonly (readonly [string, string])[];
}

export function withCommonOptions(command: Command): Command {
  return command
    .option(
      '--config <file>',
      'the configuration, TOML (also BREVDUVA_CONFIG); else ./brevduva.toml or /etc/brevduva/brevduva.toml; "" for none',
    )
    .option('--data <dir>', 'the data folder')
    .addOption(
      new Option('--set <name=value>', 'one option of the configuration; may be repeated')
        .argParser(parseSetting)
        .default([], 'none'),
    );
}

export interface ChosenConfig {
  readonly config: Config;
  /** The file that was read, if any. */
  readonly file: string | undefined;
  /** The command as a person would type it from here, to reach the same data folder: `brevduva`, options behind the verb. */
  hint(verb: string): string;
  /** Reads the same sources again. */
  again(): Config;
}

/** Says on standard error which file it read, unless the command says it itself. */
export function configOf(options: CommonOptions, { isSilent = false } = {}): ChosenConfig {
  const named = options.config ?? process.env.BREVDUVA_CONFIG;
  const file = named === undefined ? findConfigFile({ folder: process.cwd() }) : named || undefined;
  const flags = Object.fromEntries(options.set);
  const read = (): Config =>
    loadConfig(
      {
        ...(file === undefined ? {} : { file }),
        env: process.env,
        flags: { ...flags, ...(options.data === undefined ? {} : { data: options.data }) },
      },
      OPTIONS,
    );
  const config = read();
  if (file !== undefined && !isSilent) note(`configuration: ${file}`);
  return { config, file, again: read, hint: (verb) => `${commandName()} ${verb}${hintFlags(options)}` };
}

function hintFlags({ config, data }: CommonOptions): string {
  const flags = Object.entries({ config, data });
  return flags.map(([name, value]) => (value === undefined ? '' : ` --${name} ${quoted(value)}`)).join('');
}

/** Runs with the server's or this process's administration and closes it, whatever happens. */
export async function withAdmin<T>(
  options: CommonOptions,
  run: (admin: Admin) => Promise<T>,
  how: Opening = {},
): Promise<T> {
  const { config } = configOf(options);
  const { openAdmin } = await import('./open-admin.ts');
  const admin = await openAdmin(config, how);
  try {
    return await run(admin);
  } finally {
    await admin.close();
  }
}

/** For options that hold a size: `10GiB`. */
export function sizeArgument(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined) throw new InvalidArgumentError('Expected a size such as 500MB or 10GiB.');
  return bytes;
}

export function countArgument(text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a number.');
}

function parseSetting(text: string, before: readonly (readonly [string, string])[]) {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Expected NAME=VALUE such as listen.imap=127.0.0.1:143.');
  return [...before, [text.slice(0, at), text.slice(at + 1)] as const];
}
