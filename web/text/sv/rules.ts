import { pluralOf } from '../plural.ts';

const plural = pluralOf('sv');

export const rules = {
  title: 'Regler',
  means: 'Vad som görs med brev när de kommer.',
  none: 'Det finns inga: alla brev kommer till Inkorgen. En regel kan också göras från ett brev, i dess meny.',
  order: 'De prövas uppifrån. Den första som flyttar ett brev har sista ordet.',
  add: 'Ny regel',
  form: 'Regel',
  fromMail: 'Gör en regel…',
  change: 'Ändra',
  earlier: 'Pröva tidigare',
  later: 'Pröva senare',
  when: 'Brev',
  how: 'Hur många av dem som måste stämma',
  all: 'Alla måste stämma',
  any: 'Det räcker med en',
  kind: 'Vad som prövas',
  kinds: {
    from: 'Avsändaren har',
    to: 'Mottagaren har',
    subject: 'Ämnet har',
    list: 'Sändlistan är',
    body: 'Texten har',
    larger: 'Större än (MB)',
  },
  about: {
    from: (value: string) => `Från ${value}`,
    to: (value: string) => `Till ${value}`,
    subject: (value: string) => `”${value}” i ämnet`,
    list: (value: string) => `Sändlistan ${value}`,
    body: (value: string) => `”${value}” i texten`,
    larger: (value: string) => `Större än ${value} MB`,
  },
  addTest: 'Pröva också',
  removeTest: 'Utelämna',
  done: 'Vad som görs',
  move: 'Flytta till',
  stays: 'Ingenstans: det stannar i Inkorgen',
  moveTo: (mailbox: string) => `Flytta till ${mailbox}`,
  moveGone: 'Flytta till en mapp som är borta: det stannar i Inkorgen',
  markRead: 'Markera som läst',
  markStarred: 'Stjärnmärk',
  forward: 'Skicka en kopia till',
  forwardTo: (address: string) => `Skicka en kopia till ${address}`,
  noneFits: 'Här står sedan vilka brev i Inkorgen den gäller.',
  fits: (count: number) =>
    count === 0
      ? 'Inget brev i Inkorgen stämmer just nu.'
      : plural(count, {
          one: '# brev i Inkorgen stämmer:',
          other: '# brev i Inkorgen stämmer, till exempel:',
        }),
  fitting: (who: string, subject: string) => `${who}: ${subject}`,
  doNow: (count: number) =>
    plural(count, { one: 'Gör det med det här brevet nu', other: 'Gör det med de här # nu också' }),
  didNow: (count: number) =>
    plural(count, { one: 'Gjort med # brev i Inkorgen', other: 'Gjort med # brev i Inkorgen' }),
  unreachable: 'Reglerna kan inte laddas: servern går inte att nå.',
  other: (name: string) =>
    `Skriptet ”${name}” bestämmer över din post. Ett annat program, eller du, har skrivit det; här ändras det inte. Reglerna på den här sidan gör ingenting så länge det används.`,
  changedByHand: (name: string) =>
    `Reglerna (”${name}”) har ändrats för hand, eller av ett annat program. De används, men kan inte visas här, och rörs inte.`,
  notRun: 'Reglerna är avstängda, alla: ett annat program har gjort det.',
  use: 'Använd reglerna på den här sidan',
  faults: {
    noTest: 'Säg vilka brev den gäller.',
    emptyTest: 'En rad är tom. Fyll i den, eller utelämna den.',
    noNumber: 'Storleken är ett antal megabyte, till exempel 5.',
    noDeed: 'Säg vad som görs: flytta, markera eller skicka en kopia.',
    badAddress: 'Kopian behöver en adress, till exempel anna@example.org.',
    tooMany: 'Det finns inte plats för en till: 200 regler, varav 4 skickar kopior.',
  },
};

export const vacation = {
  title: 'Borta',
  means: 'Svarar åt dig så länge du är borta.',
  isOn: 'Svara på brev åt mig',
  isOnMeans: 'Alla som skriver till dig får det högst en gång i veckan; sändlistor och program aldrig.',
  from: 'Första dagen',
  fromNow: 'Tomt: från och med nu',
  to: 'Sista dagen',
  toEver: 'Tomt: tills du stänger av det',
  subject: 'Ämne',
  subjectHint: 'Tomt: ämnet i deras brev',
  text: 'Svar',
  textHint: 'Tack för ditt brev. Jag är tillbaka på måndag.',
  wrongDays: 'Sista dagen är före den första.',
  onSince: 'På: alla som skriver får ditt svar.',
  onUntil: (day: string) => `På till och med ${day}.`,
  onFrom: (day: string) => `Börjar ${day}.`,
  over: 'Över. Stäng av det, eller ge det nya dagar.',
  off: 'Av',
  elsewhere: 'Ett svar är inställt i ett annat program. Sparar du här tar det dess plats.',
  saved: 'Sparat',
};
