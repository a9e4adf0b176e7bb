import { pluralOf } from '../plural.ts';

const plural = pluralOf('en');
const conversations = (count: number): string =>
  plural(count, { one: 'Conversation', other: '# conversations' });

export const deeds = {
  archive: 'Archive',
  delete: 'Delete',
  deleteForGood: 'Delete for good',
  junk: 'Report as junk',
  notJunk: 'Not junk',
  inbox: 'Move to Inbox',
  read: 'Mark as read',
  unread: 'Mark as unread',
  star: 'Star',
  unstar: 'Remove star',
  move: 'Move to…',
  snooze: 'Put off…',
  makeMailbox: (name: string) => `Make “${name}” and move it there`,
  more: 'More',
  undo: 'Undo',
  done: {
    archive: (count: number) => `${conversations(count)} archived`,
    delete: (count: number) => `${conversations(count)} moved to Trash`,
    junk: (count: number) => `${conversations(count)} moved to Junk`,
    notJunk: (count: number) => `${conversations(count)} moved to Inbox`,
    inbox: (count: number) => `${conversations(count)} moved to Inbox`,
    read: (count: number) =>
      plural(count, { one: 'Marked as read', other: '# conversations marked as read' }),
    unread: (count: number) =>
      plural(count, { one: 'Marked as unread', other: '# conversations marked as unread' }),
    star: (count: number) => plural(count, { one: 'Starred', other: '# conversations starred' }),
    unstar: (count: number) =>
      plural(count, { one: 'Star removed', other: 'Star removed from # conversations' }),
  },
  moved: (count: number, mailbox: string) => `${conversations(count)} moved to ${mailbox}`,
  destroyed: (count: number) =>
    plural(count, { one: 'Deleted for good', other: '# conversations deleted for good' }),
  destroyTitle: (count: number) =>
    plural(count, { one: 'Delete this conversation for good?', other: 'Delete # conversations for good?' }),
  destroyMeans: 'Nobody can bring it back.',
  goneMeanwhile: (count: number) =>
    plural(count, {
      one: 'A mail was deleted elsewhere meanwhile.',
      other: '# mails were deleted elsewhere meanwhile.',
    }),
  movedMeanwhile: (count: number) =>
    plural(count, {
      one: 'A mail was moved elsewhere meanwhile, and stays there.',
      other: '# mails were moved elsewhere meanwhile, and stay there.',
    }),
  refused: (count: number) =>
    plural(count, {
      one: 'The server refused that, so it is as it was.',
      other: 'The server refused that for # mails, so they are as they were.',
    }),
};
