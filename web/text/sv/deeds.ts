import { pluralOf } from '../plural.ts';

const plural = pluralOf('sv');

export const deeds = {
  archive: 'Arkivera',
  delete: 'Ta bort',
  deleteForGood: 'Ta bort för alltid',
  junk: 'Rapportera som skräppost',
  notJunk: 'Inte skräppost',
  inbox: 'Flytta till Inkorg',
  read: 'Markera som läst',
  unread: 'Markera som oläst',
  star: 'Stjärnmärk',
  unstar: 'Ta bort stjärnan',
  move: 'Flytta till…',
  snooze: 'Skjut upp…',
  makeMailbox: (name: string) => `Skapa ”${name}” och flytta dit`,
  more: 'Mer',
  undo: 'Ångra',
  done: {
    archive: (count: number) =>
      plural(count, { one: 'Konversationen är arkiverad', other: '# konversationer är arkiverade' }),
    delete: (count: number) =>
      plural(count, {
        one: 'Konversationen ligger i Papperskorgen',
        other: '# konversationer ligger i Papperskorgen',
      }),
    junk: (count: number) =>
      plural(count, {
        one: 'Konversationen ligger i Skräppost',
        other: '# konversationer ligger i Skräppost',
      }),
    notJunk: (count: number) =>
      plural(count, { one: 'Konversationen ligger i Inkorgen', other: '# konversationer ligger i Inkorgen' }),
    inbox: (count: number) =>
      plural(count, { one: 'Konversationen ligger i Inkorgen', other: '# konversationer ligger i Inkorgen' }),
    read: (count: number) =>
      plural(count, { one: 'Markerad som läst', other: '# konversationer markerade som lästa' }),
    unread: (count: number) =>
      plural(count, { one: 'Markerad som oläst', other: '# konversationer markerade som olästa' }),
    star: (count: number) => plural(count, { one: 'Stjärnmärkt', other: '# konversationer stjärnmärkta' }),
    unstar: (count: number) =>
      plural(count, { one: 'Stjärnan är borttagen', other: 'Stjärnan är borttagen från # konversationer' }),
  },
  moved: (count: number, mailbox: string) =>
    plural(count, {
      one: `Konversationen ligger i ${mailbox}`,
      other: `# konversationer ligger i ${mailbox}`,
    }),
  destroyed: (count: number) =>
    plural(count, { one: 'Borttagen för alltid', other: '# konversationer borttagna för alltid' }),
  destroyTitle: (count: number) =>
    plural(count, {
      one: 'Ta bort konversationen för alltid?',
      other: 'Ta bort # konversationer för alltid?',
    }),
  destroyMeans: 'Det går inte att få tillbaka.',
  goneMeanwhile: (count: number) =>
    plural(count, {
      one: 'Ett mejl raderades under tiden någon annanstans.',
      other: '# mejl raderades under tiden någon annanstans.',
    }),
  movedMeanwhile: (count: number) =>
    plural(count, {
      one: 'Ett mejl flyttades under tiden någon annanstans och ligger kvar där.',
      other: '# mejl flyttades under tiden någon annanstans och ligger kvar där.',
    }),
  refused: (count: number) =>
    plural(count, {
      one: 'Servern sa nej, så allt är som förut.',
      other: 'Servern sa nej för # brev, så de är som förut.',
    }),
};
