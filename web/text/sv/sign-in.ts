import { pluralOf } from '../plural.ts';

const plural = pluralOf('sv');

export const signIn = {
  title: 'Logga in',
  address: 'E-postadress',
  password: 'Lösenord',
  showPassword: 'Visa lösenordet',
  hidePassword: 'Dölj lösenordet',
  ownDevice: 'Det här är min egen enhet',
  ownDeviceMeans: 'Du förblir inloggad i 30 dagar. Annars tills webbläsaren stängs, och inget sparas här.',
  submit: 'Logga in',
  underWay: 'Loggar in…',
  wrong: 'Adressen och lösenordet hör inte ihop.',
  passkey: 'Logga in med lösennyckel',
  wrongPasskey: 'Ingen lösennyckel för den här servern bekräftades.',
  wrongCode: 'Koden fungerar inte, eller är redan använd. Ta nästa.',
  tooMany: 'För många försök. Vänta en minut och försök igen.',
  tooManyUntil: (time: string) => `För många felaktiga försök. Försök igen klockan ${time}.`,
  closed: 'Kontot är stängt. Den som sköter servern kan öppna det igen.',
  notAllowed: 'Kontot tar inte emot huvudlösenordet här. Använd ett applösenord.',
  unreachable: 'Servern går inte att nå. Kontrollera anslutningen och försök igen.',
  failed: 'Något gick fel på servern. Försök igen om en stund.',
  linkUsed: 'Länken är redan använd eller för gammal. Logga in med lösenordet.',
  ended: 'Du blev utloggad. Logga in igen för att fortsätta.',
  endedUnsent: (count: number) =>
    plural(count, {
      one: 'Du blev utloggad innan ett mejl kunde skickas. Logga in igen på den här sidan: det kommer till Utkast.',
      other:
        'Du blev utloggad innan # mejl kunde skickas. Logga in igen på den här sidan: de kommer till Utkast.',
    }),
};
