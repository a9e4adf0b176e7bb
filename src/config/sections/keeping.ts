/** For how long mail is kept that is on its way out. */
import { duration, size } from '../option.ts';

export const RECOVERY = {
  keep: duration({
    default: '14d',
    max: '365d',
    doc: 'So long deleted mail and deleted mailboxes can be brought back (`brevduva account recover`); it is not counted by quotas. Then its octets go for good. "0": at once.',
  }),
  max: size({
    default: '10GiB',
    min: '1MiB',
    doc: 'So much deleted mail of an account without a quota is kept; of an account with a quota it is as much as the quota. When there is more, the oldest goes before its time. What was deleted last always stays, and a message counts as 4 KiB at least.',
  }),
};

export const RETENTION = {
  trash: duration({
    default: '30d',
    doc: 'Mail that has been in the Trash for so long is removed, counted from when it was put there. "0": it stays. An account may have it different (`brevduva account set ADDRESS retention.trash 90d`), and so may any single mailbox (`brevduva account retention`).',
  }),
  junk: duration({
    default: '30d',
    doc: 'How long mail stays in Junk: the same as for the Trash.',
  }),
};
