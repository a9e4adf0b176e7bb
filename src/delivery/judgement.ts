/** What is thought of a message when all of it has come, before anything of it is stored. */
import type { Reply } from '../smtp/reply.ts';

export interface Taken {
  readonly kind: 'taken';
  /** Header fields that say how it came and what was found out about it, whole lines. */
  readonly fields: Buffer;
  readonly isJunk: boolean;
  /** Something proves whose it is: its sender can be told what became of it without telling a stranger. */
  readonly isAuthentic: boolean;
  /** It is known that it comes from the domain that its From names: it can leave once more in that name. */
  readonly isAuthorKnown: boolean;
  /** There are several recipients, and one reply for all of them. */
  readonly isShared: boolean;
  /** A key of sixteen octets: who has had a message with it does not get it again. */
  readonly once?: Buffer;
  /** Why, in plain words, for the accounts' activity. */
  readonly verdict?: string;
}

/** What one process says of it to another, by name. */
export const VERDICT_FLAGS = [
  'isJunk',
  'isAuthentic',
  'isAuthorKnown',
  'isShared',
] as const satisfies (keyof Taken)[];

export type Judgement =
  /** `isShared`: to another process that has passed it on; what is so here is known here. */
  | (Omit<Taken, 'isShared'> & Partial<Pick<Taken, 'isShared'>>)
  | {
      readonly kind: 'refused';
      readonly reply: Reply;
      readonly verdict: string;
    };
