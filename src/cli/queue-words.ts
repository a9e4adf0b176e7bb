/** A message of the queue in words: what it is, how it stands, and what was done to it. */
import type {
  ChangedMessage,
  QueueChange,
  QueuedInFull,
  QueuedMessage,
  QueuedRecipient,
  Unchanged,
} from '../admin/queue-admin.ts';
import { humanSize } from '../base/bytes.ts';
import { counted, shortDuration, table } from './terminal.ts';

type What = QueueChange['what'];

export interface AskedChange {
  readonly what: What;
  /** Of what is dropped; undefined: whoever has sent it here is told. */
  readonly report?: boolean | undefined;
}

const DID: Readonly<Record<What, string>> = {
  retry: 'is tried',
  hold: 'is held',
  release: 'is released',
  cancel: 'was taken back',
  drop: 'was dropped',
};

/** Of one message: what was done, and what comes next. */
export function changedLine(asked: AskedChange, message: ChangedMessage): string {
  const { id, recipients, toCount = recipients } = message;
  const forSome = recipients === toCount ? '' : ` for ${recipients} of ${toCount} recipients`;
  return `${id} ${nameOf(message)}${DID[asked.what]}${forSome}: ${nextOf(asked, message)}`;
}

function nextOf(
  { what, report }: AskedChange,
  { id, account, sender, kind, nextMs }: ChangedMessage,
): string {
  switch (what) {
    case 'hold':
      return `not tried until "queue release ${id}"`;
    case 'cancel':
      return `nobody gets it, and it is a draft of ${account} again`;
    case 'drop':
      return `nobody else gets it, and ${tells(report ?? kind === 'sent', sender) ? `${sender} is told why` : 'nobody is told'}`;
    default:
      return nextMs === undefined
        ? 'tried now'
        : nextMs > Date.now()
          ? `tried ${momentIn(nextMs)}`
          : 'tried now';
  }
}

const tells = (isWanted: boolean, sender = ''): boolean => isWanted && sender !== '';

/** `"Lunch" to bo@example.org and 2 more `, as much of it as is known. */
function nameOf({ subject, to = [], toCount = 0 }: ChangedMessage): string {
  const more = toCount > to.length ? ` and ${toCount - to.length} more` : '';
  const whom = to.length === 0 ? '' : `to ${to.join(', ')}${more} `;
  return `${subject === undefined ? '' : `"${subject}" `}${whom}`;
}

const WHY: Readonly<Record<Unchanged, string>> = {
  unknown: 'nothing is known of such a message',
  cancelled: 'it was taken back already',
  dropped: 'it was dropped already',
  delivered: 'it is gone: it was delivered',
  failed: 'it is gone: it could not be delivered',
  ended: 'it is gone',
  'under way': 'it is on its way at this moment',
  later: 'it waits until its sender wants it to leave; it is not tried before',
  tried: 'it has been tried, so somebody may have it; "queue drop" ends it',
  'tried here':
    'it has been tried at the mailboxes here, and only what was never tried can be taken back; "queue drop" ends it',
  'passed on': 'nobody here has written it, so it is nobody\'s draft; "queue drop" ends it',
  held: 'it is held; "queue release" lets it go on',
  waiting: 'it is not held',
  fault: 'the server could not do it; its log says why',
};

/** Of one to which nothing was done. */
export function unchangedLine({ what }: AskedChange, message: ChangedMessage): string {
  const { id, why = 'ended', nextMs, isUntried = false } = message;
  if (why === 'later' && nextMs !== undefined)
    return `${id} ${nameOf(message)}waits until ${momentIn(nextMs)}${isUntried ? ' (it can still be taken back)' : ''}; it is not tried before`;
  if (what === 'hold' && why === 'held') return `${id}: nothing was done, for it is held already`;
  return `${id}: nothing was done, for ${WHY[why]}`;
}

/** Of more than are named one by one. */
export function changedBesides({ what }: AskedChange, recipients: number): string {
  return `and more: what goes to another ${counted(recipients, 'recipient')} ${DID[what]}`;
}

/** One that is there: what it is, and how each of its recipients stands. */
export function messageLines(message: QueuedInFull): string[] {
  const { id, subject, sizeBytes, account, sender, kind, createdMs, expiresMs, holdUntilMs } = message;
  const isOther = sender !== account;
  const rows: [string, string][] = [
    ['message', `${id}${kind === 'sent' ? '' : ` (${kind})`}`],
    ...(subject === undefined ? [] : [['subject', subject] as [string, string]]),
    ...(sizeBytes === undefined ? [] : [['size', humanSize(sizeBytes)] as [string, string]]),
    ['from', `${sender || '<>'}${isOther ? ` (of ${account})` : ''}`],
    ['accepted', moment(createdMs)],
    ...(holdUntilMs === undefined || holdUntilMs <= Date.now() || !message.recipients.some(isWaiting)
      ? []
      : [['leaves', momentIn(holdUntilMs)] as [string, string]]),
    ['ends', momentIn(expiresMs)],
    ...message.recipients.map((one): [string, string] => ['to', recipientLine(one)]),
  ];
  return [...table(rows), ''];
}

function recipientLine(recipient: QueuedRecipient): string {
  const { address, state, attempts, nextMs, heldFor } = recipient;
  const last = lastOf(recipient);
  const parts = [
    heldFor === undefined ? state : `${state} (${heldFor})`,
    attempts === 0 ? 'not tried' : `tried ${counted(attempts, 'time')}`,
    ...(state === 'waiting' && nextMs !== undefined ? [`next ${momentIn(nextMs)}`] : []),
    ...(last === '-' ? [] : [last]),
  ];
  return `${address}: ${parts.join(', ')}`;
}

const isWaiting = ({ state }: QueuedRecipient): boolean => state === 'waiting';

/** In a list: why it waits where somebody wants it to, else what was said last. */
export function whyOf(recipient: QueuedRecipient, { kind, holdUntilMs = 0 }: QueuedMessage): string {
  const { state, heldFor, attempts } = recipient;
  if (state === 'held' && heldFor !== undefined) return heldFor;
  if (state !== 'waiting' || attempts > 0 || holdUntilMs <= Date.now()) return lastOf(recipient);
  return `its sender lets it wait${kind === 'sent' ? ' and can take it back' : ''}`;
}

/** What was said last, and by whom. */
export function lastOf({ lastHost = '', lastReply = '' }: QueuedRecipient): string {
  return [lastHost, lastReply].filter((part) => part !== '').join(': ') || '-';
}

export function until(ms: number): string {
  const left = ms - Date.now();
  return left <= 0 ? 'now' : shortDuration(left);
}

export function moment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

function momentIn(ms: number): string {
  return ms <= Date.now() ? 'now' : `${moment(ms)} (in ${until(ms)})`;
}
