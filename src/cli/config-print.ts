/** `brevduva config print`: every option as the server would see it. Secrets print as stars. */
import type { Command } from 'commander';
import { listOptions } from '../config/names.ts';
import { OPTIONS } from '../config/options.ts';
import type { ExitCode } from './exit.ts';
import { type CommonOptions, configOf, withCommonOptions } from './options.ts';
import { print } from './terminal.ts';

export function configPrint(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent.command('print').description('print every option with the value that is in use');
  withCommonOptions(command).action((options: CommonOptions) => {
    const config: unknown = configOf(options);
    for (const { name, path } of listOptions(OPTIONS)) print(`${name} = ${text(valueAt(config, path))}`);
  });
}

function valueAt(node: unknown, path: readonly string[]): unknown {
  return path.reduce((at: unknown, key) => (at as Record<string, unknown>)[key], node);
}

/** Sizes in octets, durations in milliseconds. */
function text(value: unknown): string {
  if (value === undefined) return '""';
  if (typeof value === 'object' && value !== null && 'host' in value && 'port' in value) {
    const host = String(value.host);
    return JSON.stringify(`${host.includes(':') ? `[${host}]` : host}:${value.port}`);
  }
  return JSON.stringify(value);
}
