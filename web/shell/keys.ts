/**
 * What a key does, as in Gmail, so that nobody has to learn it anew: single letters, two after each other (`g i`), and a list of
 * all of them on `?`. Pure; `keyboard.tsx` hears the keys.
 */
import type { Texts } from '../text/en.ts';

export type Command = Exclude<keyof Texts['shell']['keys'], 'title' | 'off'>;

export const KEYS: Readonly<Record<string, Command>> = {
  j: 'next',
  k: 'previous',
  o: 'open',
  Enter: 'open',
  u: 'up',
  e: 'archive',
  '#': 'delete',
  '!': 'junk',
  s: 'star',
  I: 'read',
  U: 'unread',
  x: 'select',
  '* a': 'selectAll',
  v: 'move',
  b: 'snooze',
  z: 'undo',
  '/': 'search',
  c: 'write',
  r: 'reply',
  a: 'replyAll',
  f: 'forward',
  'g i': 'goInbox',
  'g s': 'goStarred',
  'g t': 'goSent',
  'g d': 'goDrafts',
  'g a': 'goArchive',
  'g c': 'goDate',
  '?': 'help',
};

/** These keys wait for a second one. */
const FIRST = new Set(Object.keys(KEYS).flatMap((keys) => (keys.includes(' ') ? [keys.split(' ')[0]] : [])));
const TOGETHER_MS = 1500;

export interface Pressed {
  readonly key: string;
  readonly atMs: number;
  /** Of a shortcut of the browser or the system. */
  readonly isModified: boolean;
  /** Somebody types there. */
  readonly isText: boolean;
}

export interface Waiting {
  readonly key: string;
  readonly atMs: number;
}

/** The command, and what waits for a second key. */
export function commandOf(
  { key, atMs, isModified, isText }: Pressed,
  waiting: Waiting | undefined,
): { readonly command?: Command; readonly waiting?: Waiting } {
  if (isModified || isText) return {};
  const isSecond = waiting !== undefined && atMs - waiting.atMs < TOGETHER_MS;
  const both = isSecond ? KEYS[`${waiting.key} ${key}`] : undefined;
  if (both !== undefined) return { command: both };
  const command = KEYS[key];
  if (command !== undefined) return { command };
  return FIRST.has(key) ? { waiting: { key, atMs } } : {};
}

/** For the list of them: each command once, with all its keys. */
export function listedKeys(
  can: (command: Command) => boolean,
): readonly { readonly command: Command; readonly keys: readonly string[] }[] {
  const byCommand = new Map<Command, string[]>();
  for (const [keys, command] of Object.entries(KEYS))
    if (can(command)) byCommand.set(command, [...(byCommand.get(command) ?? []), keys]);
  return [...byCommand].map(([command, keys]) => ({ command, keys }));
}
