/**
 * The options every command has, and what becomes of them: `--config FILE`, `--data DIR`, `--set NAME=VALUE` (any option of
 * the configuration). They beat the environment, which beats the file.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Admin } from '../admin/admin.ts';
import { loadConfig } from '../config/load.ts';
import { parseSize } from '../config/option.ts';
import { type Config, OPTIONS } from '../config/options.ts';

export interface CommonOptions {
  readonly config?: string;
  readonly data?: string;
  readonly set: readonly (readonly [string, string])[];
}

export function withCommonOptions(command: Command): Command {
  return command
    .addOption(new Option('--config <file>', 'the configuration, TOML').env('BREVDUVA_CONFIG'))
    .option('--data <dir>', 'the data folder')
    .addOption(
      new Option('--set <name=value>', 'one option of the configuration; may be repeated')
        .argParser(parseSetting)
        .default([], 'none'),
    );
}

export function configOf(options: CommonOptions): Config {
  const flags = Object.fromEntries(options.set);
  return loadConfig(
    {
      ...(options.config === undefined ? {} : { file: options.config }),
      env: process.env,
      flags: { ...flags, ...(options.data === undefined ? {} : { data: options.data }) },
    },
    OPTIONS,
  );
}

/** Runs with the server's or this process's administration and closes it, whatever happens. */
export async function withAdmin<T>(
  options: CommonOptions,
  run: (admin: Admin) => Promise<T>,
  { makesData = false }: { readonly makesData?: boolean } = {},
): Promise<T> {
  const config = configOf(options);
  const { openAdmin } = await import('./open-admin.ts');
  const admin = await openAdmin(config, makesData);
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
