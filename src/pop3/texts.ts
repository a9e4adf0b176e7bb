/**
 * What the server says to people, in every language it knows (RFC 6856 §3). Programs read the response codes; these
 * texts are for the person whose mail program shows them. English is ASCII, since a client that asked for no language
 * expects nothing else (RFC 1939 §3).
 */
export const LANGUAGES = Object.freeze({ en: 'English', sv: 'Svenska' });
export type Language = keyof typeof LANGUAGES;

const ENGLISH = {
  userTaken: () => 'Now the password',
  signedIn: (count: number, octets: number) => `Signed in; ${messages(count)}, ${octets} octets`,
  nothing: () => 'Done',
  reset: (count: number, octets: number) =>
    `Nothing is marked any more; ${messages(count)}, ${octets} octets`,
  listing: (count: number, octets: number) => `${messages(count)}, ${octets} octets`,
  octets: (octets: number) => `${octets} octets`,
  top: () => 'Top of the message follows',
  uniqueIds: () => 'Unique ids follow',
  marked: (n: number) => `Message ${n} will be deleted at QUIT`,
  capabilities: () => 'Capabilities follow',
  mechanisms: () => 'Mechanisms follow',
  languages: () => 'Languages follow',
  language: () => 'From now on in English',
  utf8: () => 'UTF-8 it is',
  beginTls: () => 'Begin TLS negotiation now',
  bye: () => 'Bye',
  byeDeleted: (count: number) => `Bye; ${messages(count)} deleted`,
  byeGone: (count: number, gone: number) => `Bye; ${messages(count)} deleted, ${gone} had gone already`,
  unknownCommand: () => 'Unknown command',
  signInFirst: () => 'Sign in first',
  alreadySignedIn: () => 'You are signed in already',
  usage: (form: string) => `Expected: ${form}`,
  noSuchMessage: (count: number) => `No such message; there are ${count}`,
  markedAlready: (n: number) => `Message ${n} is marked as deleted`,
  movedAway: (n: number) => `Message ${n} was moved to another mailbox in the meantime`,
  plaintextRefused: () => 'Passwords are taken over TLS only; use STLS first',
  tlsAlready: () => 'TLS is active already',
  tlsTooLate: () => 'STLS comes before UTF8',
  userFirst: () => 'USER comes before PASS',
  unknownMechanism: () => 'Unknown mechanism; CAPA lists those there are',
  cancelled: () => 'Cancelled',
  notBase64: () => 'That is not base64',
  notUtf8: () => 'Name and password must be UTF-8',
  badCredentials: () => 'Wrong name or password',
  forbidden: () => 'This password is not good here, or not any more; make an app password that is for POP3',
  malformedCredentials: () => 'Name and password cannot be read',
  throttled: () => 'Too many wrong passwords, or too many sign-ins at once; try again in a minute',
  inUse: () => 'Another POP3 session of this account is open',
  loginDelay: (seconds: number) => `Too soon; at least ${seconds} seconds must lie between two sign-ins`,
  switchedOff: () => 'POP3 is switched off for this account',
  noLast: () => 'LAST is not kept; use UIDL',
  unknownLanguage: () => 'Unknown language; LANG lists those there are',
  unavailable: () => 'Storage failed; try again later',
  notDeleted: () => 'Storage failed; not everything was deleted',
  refused: () => 'That is not possible',
  bug: () => 'The server failed; the error was logged',
  lineTooLong: () => 'The line is too long',
};

export type Texts = typeof ENGLISH;

const SWEDISH: Texts = {
  userTaken: () => 'Nu lösenordet',
  signedIn: (count, octets) => `Inloggad; ${meddelanden(count)}, ${octets} oktetter`,
  nothing: () => 'Klart',
  reset: (count, octets) => `Inget är längre markerat; ${meddelanden(count)}, ${octets} oktetter`,
  listing: (count, octets) => `${meddelanden(count)}, ${octets} oktetter`,
  octets: (octets) => `${octets} oktetter`,
  top: () => 'Början av meddelandet följer',
  uniqueIds: () => 'Unika namn följer',
  marked: (n) => `Meddelande ${n} tas bort vid QUIT`,
  capabilities: () => 'Förmågor följer',
  mechanisms: () => 'Mekanismer följer',
  languages: () => 'Språk följer',
  language: () => 'Från och med nu på svenska',
  utf8: () => 'Nu gäller UTF-8',
  beginTls: () => 'Börja förhandla TLS nu',
  bye: () => 'Hej då',
  byeDeleted: (count) => `Hej då; ${meddelanden(count)} borttagna`,
  byeGone: (count, gone) => `Hej då; ${meddelanden(count)} borttagna, ${gone} var redan borta`,
  unknownCommand: () => 'Okänt kommando',
  signInFirst: () => 'Logga in först',
  alreadySignedIn: () => 'Du är redan inloggad',
  usage: (form) => `Väntade: ${form}`,
  noSuchMessage: (count) => `Det meddelandet finns inte; det finns ${count}`,
  markedAlready: (n) => `Meddelande ${n} är markerat som borttaget`,
  movedAway: (n) => `Meddelande ${n} har under tiden flyttats till en annan brevlåda`,
  plaintextRefused: () => 'Lösenord tas emot bara över TLS; använd STLS först',
  tlsAlready: () => 'TLS används redan',
  tlsTooLate: () => 'STLS kommer före UTF8',
  userFirst: () => 'USER kommer före PASS',
  unknownMechanism: () => 'Okänd mekanism; CAPA räknar upp dem som finns',
  cancelled: () => 'Avbrutet',
  notBase64: () => 'Det är inte base64',
  notUtf8: () => 'Namn och lösenord måste vara UTF-8',
  badCredentials: () => 'Fel namn eller lösenord',
  forbidden: () => 'Lösenordet gäller inte här, eller inte längre; skapa ett applösenord för POP3',
  malformedCredentials: () => 'Namn och lösenord går inte att läsa',
  throttled: () => 'För många fel lösenord, eller för många inloggningar samtidigt; försök igen om en minut',
  inUse: () => 'En annan POP3-session för det här kontot är öppen',
  loginDelay: (seconds) => `För tidigt; minst ${seconds} sekunder måste ligga mellan två inloggningar`,
  switchedOff: () => 'POP3 är avstängt för det här kontot',
  noLast: () => 'LAST förs inte; använd UIDL',
  unknownLanguage: () => 'Okänt språk; LANG räknar upp dem som finns',
  unavailable: () => 'Lagringen svarar inte; försök igen senare',
  notDeleted: () => 'Lagringen svarar inte; allt togs inte bort',
  refused: () => 'Det går inte',
  bug: () => 'Servern gjorde fel; felet finns i loggen',
  lineTooLong: () => 'Raden är för lång',
};

const TEXTS: Readonly<Record<Language, Texts>> = Object.freeze({ en: ENGLISH, sv: SWEDISH });

export function textsIn(language: Language): Texts {
  return TEXTS[language];
}

/** RFC 4647 §3.3.1, basic filtering, both ways: `sv-FI` gets `sv`; `*` is the server's own choice. */
export function findLanguage(range: string): Language | undefined {
  if (range === '*') return 'en';
  const primary = range.toLowerCase().split('-', 1)[0];
  return primary === 'en' || primary === 'sv' ? primary : undefined;
}

function messages(count: number): string {
  return count === 1 ? '1 message' : `${count} messages`;
}

function meddelanden(count: number): string {
  return count === 1 ? '1 meddelande' : `${count} meddelanden`;
}
