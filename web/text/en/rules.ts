import { pluralOf } from '../plural.ts';

const plural = pluralOf('en');

export const rules = {
  title: 'Rules',
  means: 'What is done with mail as it comes.',
  none: 'There are none: all mail comes to the Inbox. A rule can also be made from a mail, in its menu.',
  order: 'They are asked from the top. The first that moves a mail has the last word.',
  add: 'New rule',
  form: 'Rule',
  fromMail: 'Make a rule…',
  change: 'Change',
  earlier: 'Ask earlier',
  later: 'Ask later',
  when: 'Mail',
  how: 'How many of these have to fit',
  all: 'All have to fit',
  any: 'One is enough',
  kind: 'What is looked at',
  kinds: {
    from: 'Sender has',
    to: 'Recipient has',
    subject: 'Subject has',
    list: 'Mailing list is',
    body: 'Text has',
    larger: 'Larger than (MB)',
  },
  about: {
    from: (value: string) => `From ${value}`,
    to: (value: string) => `To ${value}`,
    subject: (value: string) => `“${value}” in the subject`,
    list: (value: string) => `Mailing list ${value}`,
    body: (value: string) => `“${value}” in the text`,
    larger: (value: string) => `Larger than ${value} MB`,
  },
  addTest: 'Also look at',
  removeTest: 'Leave this out',
  done: 'What is done',
  move: 'Move to',
  stays: 'Nowhere: it stays in the Inbox',
  moveTo: (mailbox: string) => `Move to ${mailbox}`,
  moveGone: 'Move to a mailbox that is gone: it stays in the Inbox',
  markRead: 'Mark as read',
  markStarred: 'Star',
  forward: 'Send a copy to',
  forwardTo: (address: string) => `Send a copy to ${address}`,
  noneFits: 'Below stands which mail in the Inbox it is about.',
  fits: (count: number) =>
    count === 0
      ? 'No mail in the Inbox fits now.'
      : plural(count, { one: '# mail in the Inbox fits:', other: '# mails in the Inbox fit, such as:' }),
  fitting: (who: string, subject: string) => `${who}: ${subject}`,
  doNow: (count: number) =>
    plural(count, { one: 'Do it to this one now', other: 'Do it to these # now as well' }),
  didNow: (count: number) =>
    plural(count, { one: 'Done to # mail in the Inbox', other: 'Done to # mails in the Inbox' }),
  unreachable: 'The rules cannot be loaded: the server cannot be reached.',
  other: (name: string) =>
    `The script “${name}” decides about your mail. Another program, or you, wrote it; it is not changed here. Rules of this page do nothing as long as it is in use.`,
  changedByHand: (name: string) =>
    `The rules (“${name}”) were changed by hand, or by another program. They are in use, but cannot be shown here, and are not touched.`,
  notRun: 'The rules are switched off, all of them: another program did that.',
  use: 'Use the rules of this page',
  faults: {
    noTest: 'Say which mail it is about.',
    emptyTest: 'A line is empty. Fill it in, or leave it out.',
    noNumber: 'The size is a number of megabytes, such as 5.',
    noDeed: 'Say what is done: move it, mark it, or send a copy.',
    badAddress: 'The copy needs an address, such as anna@example.org.',
    tooMany: 'There is no room for one more: 200 rules, of which 4 send copies.',
  },
};

export const vacation = {
  title: 'Away',
  means: 'Answers for you as long as you are away.',
  isOn: 'Answer mail for me',
  isOnMeans: 'Everybody who writes to you gets it once a week at most; mailing lists and programs never.',
  from: 'First day',
  fromNow: 'Empty: from now on',
  to: 'Last day',
  toEver: 'Empty: until you switch it off',
  subject: 'Subject',
  subjectHint: 'Empty: the subject of their mail',
  text: 'Answer',
  textHint: 'Thank you for your mail. I am back on Monday.',
  wrongDays: 'The last day is before the first.',
  onSince: 'On: everybody who writes gets your answer.',
  onUntil: (day: string) => `On until ${day}.`,
  onFrom: (day: string) => `Begins ${day}.`,
  over: 'Over. Switch it off, or give it new days.',
  off: 'Off',
  elsewhere: 'An answer is set up in another program. Saving here takes its place.',
  saved: 'Saved',
};
