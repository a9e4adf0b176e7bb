import { pluralOf } from '../plural.ts';

const plural = pluralOf('en');

export const snooze = {
  title: 'Back when?',
  put: 'Put off',
  back: 'Back again',
  backMany: (count: number) => `Back again: ${count}`,
  done: (count: number, time: string) =>
    plural(count, { one: `Comes back ${time}`, other: `# conversations come back ${time}` }),
  offline: 'There is no connection. The first mail that is put off needs one.',
  failed: 'That could not be put off: the server says no. It is where it was.',
  until: (time: string) => `Comes back to the Inbox on ${time}.`,
  untilMoved: 'Stays here until it is moved: nobody said when it is to come back.',
  change: 'Another time',
};
