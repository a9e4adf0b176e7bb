/** What the owner of an account reads when it gets full, in each language. */
import type { RoomNotice } from '../mailbox/upkeep/room-notices.ts';
import type { Language } from '../queue/words/languages.ts';

/** In words already: `4.8 GB of 5 GB`. */
export interface RoomNumbers {
  /** Of each limit, how much of it is used. */
  readonly used: readonly string[];
  readonly percent: number;
  /** Until when mail is kept; undefined: none was refused. */
  readonly keptUntil: string | undefined;
  /** The numbers are of all accounts of this domain together. */
  readonly domain: string | undefined;
}

export interface RoomWords {
  readonly from: string;
  subject(level: RoomNotice['level'], isShared: boolean): string;
  usedBytes(used: string, limit: string): string;
  usedMessages(used: string, limit: string): string;
  /** Lines; an empty one between paragraphs. */
  text(numbers: RoomNumbers): readonly string[];
}

const EN: RoomWords = {
  from: 'Mail server',
  subject: (level, isShared) => {
    if (isShared) return 'There is no room left: mail for you is waiting';
    return level === 100 ? 'Your mailbox is full: mail is waiting' : `Your mailbox is ${level} percent full`;
  },
  usedBytes: (used, limit) => `${used} of ${limit} are used.`,
  usedMessages: (used, limit) => `There are ${used} of ${limit} messages.`,
  text: ({ used, percent, keptUntil, domain }) => [
    keptUntil === undefined
      ? `Your mailbox is ${percent} percent full.`
      : `${domain === undefined ? 'Your mailbox is full' : `All mailboxes of ${domain} together are full`}. Mail that was sent to you could not be put into ${domain === undefined ? 'it' : 'yours'}.`,
    ...used,
    '',
    keptUntil === undefined
      ? 'When it is full, new mail has to wait with its senders, and goes back to them after some days.'
      : `The servers of the senders keep it and try again by themselves. If there is no room by ${keptUntil}, mail goes back to whoever sent it.`,
    '',
    'To make room, delete what you do not need any more, above all large mail, and empty the Trash. Deleting works also when there is no room.',
    ...(keptUntil === undefined ? [] : ['As soon as there is room, the mail that waits comes by itself.']),
    '',
    'Whoever looks after this server can give you more room.',
  ],
};

const SV: RoomWords = {
  from: 'E-postservern',
  subject: (level, isShared) => {
    if (isShared) return 'Det finns ingen plats kvar: e-post till dig väntar';
    return level === 100
      ? 'Din brevlåda är full: e-post väntar'
      : `Din brevlåda är full till ${level} procent`;
  },
  usedBytes: (used, limit) => `${used} av ${limit} används.`,
  usedMessages: (used, limit) => `Det finns ${used} av ${limit} meddelanden.`,
  text: ({ used, percent, keptUntil, domain }) => [
    keptUntil === undefined
      ? `Din brevlåda är full till ${percent} procent.`
      : `${domain === undefined ? 'Din brevlåda är full' : `Alla brevlådor på ${domain} är tillsammans fulla`}. E-post som skickades till dig fick inte plats${domain === undefined ? ' i den' : ''}.`,
    ...used,
    '',
    keptUntil === undefined
      ? 'När den är full får ny e-post vänta hos avsändarna, och går tillbaka till dem efter några dagar.'
      : `Avsändarnas servrar behåller den och försöker igen av sig själva. Om det inte finns plats före ${keptUntil} går e-posten tillbaka till den som skickade den.`,
    '',
    'Gör plats genom att ta bort det du inte behöver längre, framför allt stora meddelanden, och töm papperskorgen. Det går att ta bort också när det inte finns plats.',
    ...(keptUntil === undefined
      ? []
      : ['Så snart det finns plats kommer den e-post som väntar av sig själv.']),
    '',
    'Den som sköter servern kan ge dig mer plats.',
  ],
};

export const ROOM_WORDS: Readonly<Record<Language, RoomWords>> = Object.freeze({ en: EN, sv: SV });
