/** The listeners that are on unless they are switched off. */
import { OPTIONS } from '../../src/config/options.ts';

export const LISTENERS: readonly string[] = Object.entries(OPTIONS.listen).flatMap(
  ([name, { default: address }]) => (address === undefined || String(address) === '' ? [] : [name]),
);

/** Each at a free port of loopback, for the command line. */
export const FREE_PORTS: readonly string[] = listeningAt('127.0.0.1:0');

/** All but some at this address; `''` switches them off. */
export function listeningAt(address: string, except: readonly string[] = []): string[] {
  return LISTENERS.filter((name) => !except.includes(name)).flatMap((name) => [
    '--set',
    `listen.${name}=${address}`,
  ]);
}
