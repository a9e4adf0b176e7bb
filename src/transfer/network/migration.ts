/** What a migration of one account is made of; its steps have it in common. */
import type { MailAccess } from '../mail-access.ts';
import type { Line } from './line.ts';
import type { MigrationAccess } from './migration-access.ts';
import type { Pace } from './pace.ts';
import type { Pop3Names } from './pop3-names.ts';
import type { FolderCounts, Problem } from './receipt.ts';
import type { AccountRoom, Room } from './room.ts';

/**
 * - `bring`: what is there and not here.
 * - `count`: says what would be brought, and changes nothing.
 * - `verify`: fetches everything again and compares what was brought, and changes nothing.
 */
export type Mode = 'bring' | 'count' | 'verify';

export interface Target extends MailAccess {
  readonly migration: MigrationAccess;
  findAccount(address: string): Promise<AccountRoom>;
}

export interface Migration {
  readonly target: Target;
  readonly address: string;
  /** `user@host`, lower case: part of what messages are known again by. */
  readonly source: string;
  readonly line: Line;
  readonly pace: Pace;
  readonly room: Room;
  readonly mode: Mode;
  /** Of the mail in INBOX, by what POP3 programs know it; undefined when that is not asked for. */
  pop3Names?(): Promise<Pop3Names>;
  /** What was deleted there is deleted here. */
  readonly removes: boolean;
  onMessages(messages: number, bytes: number): void;
  onProblem(problem: Problem): void;
}

/** A folder's part of it. */
export interface FolderWork extends Migration {
  /** As the server calls it. */
  readonly path: string;
  readonly counts: FolderCounts;
}

/** Nothing else would go in either: the server here is gone, or its disk is full. */
export class MigrationStopped extends Error {
  override readonly name = 'MigrationStopped';
}
