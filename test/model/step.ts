/** One step's view of the world: what it chooses from, and what it needs to be judged by. */

import { FLAG } from '../../src/mail/flags.ts';
import type { AccountRecord } from '../../src/mailbox/model/model.ts';
import type { AccountState } from '../../src/mailbox/state/account.ts';
import type { MailboxState } from '../../src/mailbox/state/mailbox.ts';
import type { Random } from '../crash/random.ts';
import type { Weather } from '../kit/unreliable-store.ts';
import { ModelMailbox, Refused } from './account-model.ts';
import { writeContent } from './mail.ts';
import type * as is from './semantics.ts';
import type { ActionName } from './steps.ts';
import type { World } from './world.ts';

export interface Climate {
  /** How often each action is chosen; those that are not named, once. */
  readonly weights: Readonly<Partial<Record<ActionName, number>>>;
  readonly weather: Weather;
  readonly largeShare: number;
  /** Larger mailboxes are not copied, moved, ... whole. */
  readonly mostAtOnce: number;
}

export const NAMES = [
  'A',
  'A/B',
  'A/B/C',
  'D',
  'D/E',
  'F',
  'INBOX/G',
  'Archive',
  'Trash',
  'Junk',
  'Sent',
  'Snoozed',
];
const KEYWORDS = ['$One', '$Two', 'Three', '$Forwarded'];
const BITS = [FLAG.Seen, FLAG.Answered, FLAG.Flagged, FLAG.Deleted, FLAG.Draft];
/** As many as the domain puts into one change. */
export const SLICE = 1000;

export class Step {
  readonly world: World;
  readonly random: Random;
  readonly climate: Climate;
  readonly n: number;
  readonly record: AccountRecord;

  constructor(world: World, random: Random, climate: Climate, n: number) {
    this.world = world;
    this.random = random;
    this.climate = climate;
    this.n = n;
    this.record = random.chance(0.7) ? (world.people[0] as AccountRecord) : random.pick(world.people);
  }

  get model() {
    return this.world.truth.of(this.record.id);
  }

  open(): Promise<AccountState> {
    return this.world.domain.accounts.open(this.record.id);
  }

  what(words: string): string {
    return `#${this.n} ${words} (account ${this.record.id})`;
  }

  /** Now and then one as it is in memory, where it may have been made a moment ago and not be there for long. */
  mailbox(): ModelMailbox | undefined {
    const inMemory = this.world.domain.accounts.peek(this.record.id)?.mailboxes;
    if (inMemory !== undefined && this.random.chance(0.2)) {
      const made = [...inMemory.values()].filter(({ id }) => !this.model.mailboxes.has(id));
      const some = made.length > 0 && this.random.chance(0.7) ? made : [...inMemory.values()];
      const { id, name, uidValidity } = this.random.pick(some);
      const model = this.model.mailboxes.get(id);
      return model ?? new ModelMailbox({ id, name, uidValidity, subscription: 'unasked' });
    }
    const all = [...this.model.mailboxes.values()];
    if (all.length === 0) return undefined;
    const inbox = this.model.byName('INBOX');
    return inbox !== undefined && this.random.chance(0.35) ? inbox : this.random.pick(all);
  }

  /** One with messages rather than one without. */
  source(): ModelMailbox | undefined {
    const full = [...this.model.mailboxes.values()].filter(({ messages }) => messages.size > 0);
    return full.length > 0 && this.random.chance(0.9) ? this.random.pick(full) : this.mailbox();
  }

  name(): string {
    return this.random.chance(0.75) ? this.random.pick(NAMES) : (this.mailbox()?.name ?? 'INBOX');
  }

  /** Some of its messages, ascending; now and then all, now and then one that is not there. */
  uids({ messages, uidNext }: ModelMailbox): number[] {
    const all = [...messages.keys()];
    if (all.length <= this.climate.mostAtOnce && this.random.chance(0.3)) return all;
    const some = this.random.sample(all, this.random.integer(1, 6));
    if (this.random.chance(0.1)) some.push(this.random.integer(1, uidNext));
    return [...new Set(some)].sort((a, b) => a - b);
  }

  keywords(): string[] {
    return this.random.chance(0.3) ? this.random.sample(KEYWORDS, this.random.integer(1, 2)) : [];
  }

  bits(): number {
    return this.random.sample(BITS, this.random.integer(0, 2)).reduce((sum, bit) => sum | bit, 0);
  }

  content(k = 0) {
    const size = this.random.chance(this.climate.largeShare) ? 70_000 : this.random.integer(60, 300);
    return writeContent(this.n * 100 + k, size);
  }
}

/** The mailbox in memory that the step has chosen; it may be gone by the time the account is there. */
export function stateOf(account: AccountState, { id }: ModelMailbox): MailboxState | undefined {
  return account.mailboxes.get(id);
}

/**
 * The number of a mailbox whose making was refused is given to another: who holds the first must be told that it is not
 * there, whatever the model knows under that number.
 */
export function holding(judge: is.Semantic): {
  judge: is.Semantic;
  hold(mailbox: MailboxState): MailboxState;
} {
  const held: MailboxState[] = [];
  return {
    hold(mailbox) {
      held.push(mailbox);
      return mailbox;
    },
    judge(model, seen) {
      const isOther = ({ id }: MailboxState, at: number) => {
        const now = seen.account.mailboxes.get(id);
        return now !== undefined && now !== held[at];
      };
      if (seen.value === undefined && held.some(isOther)) throw new Refused(['nonexistent']);
      judge(model, seen);
    },
  };
}

/** The domain takes a long list in slices, each a change. */
export function sliced(
  uids: readonly number[],
  perChange: number,
  judge: (slice: readonly number[]) => is.Semantic,
): is.Semantic {
  let next = 0;
  return (model, seen) => {
    const slice = uids.slice(next, next + perChange);
    next += perChange;
    judge(slice)(model, seen);
  };
}
