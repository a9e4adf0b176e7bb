/** What a client wants to be told of without asking: everything of the mailbox it has open, or what it has said by NOTIFY. */

import type { Place } from '../mailbox/operations/visiting.ts';
import type { PositionRun } from './message-set.ts';
import type { Selected } from './selected.ts';
import type { EventGroup } from './wire/notify-args.ts';

/** Of the mailbox it has open. */
export interface Wishes {
  readonly arrivals: boolean;
  readonly expunges: boolean;
  readonly flags: boolean;
  /** Behind EXISTS: the messages at these positions have come, by another session. */
  readonly arrived?: (selected: Selected, runs: readonly PositionRun[]) => Promise<void>;
}

export interface WatchedSelected extends Wishes {
  /** Expunges wait for a command that may tell them (RFC 5465 §6.1.2). */
  readonly isDelayed: boolean;
}

export interface Watched {
  readonly selected: WatchedSelected;
  /** Of its other mailboxes. */
  readonly groups: readonly EventGroup[];
}

/** What has become of a wish. */
export interface Watching {
  /** Whether anything of its messages is to be told while it is not open. */
  wantsMessages(mailbox: { readonly name: string; readonly subscribed: boolean }): boolean;
  /** How it stands when the watch begins. */
  writeFirstStatus(place: Place): void;
  /** Others share some of what is wanted: they are followed from here on. */
  beginOthers(wanted: Watched): Promise<void>;
}

export const EVERYTHING: Wishes = Object.freeze({ arrivals: true, expunges: true, flags: true });

/** As without NOTIFY, but at once. */
export const EVERYTHING_WATCHED: Watched = Object.freeze({
  selected: { ...EVERYTHING, isDelayed: false },
  groups: [],
});

/** NOTIFY NONE. */
export const NOTHING_WATCHED: Watched = Object.freeze({
  selected: { arrivals: false, expunges: false, flags: false, isDelayed: false },
  groups: [],
});
