/** What went wrong with mail, mailboxes and signing in, in Swedish (`translated.ts` says how it is written). */
export const FAULTS = {
  // Storage.
  'The disk is full; ¤': 'Disken är full; {1}',
  'The account is served elsewhere now; ¤': 'Kontot sköts av en annan process nu; {1}',
  'The server is shutting down; ¤': 'Servern stängs av; {1}',
  'Storage failed; ¤': 'Lagringen svarar inte; {1}',
  'try again later': 'försök igen senare',
  'nothing was changed, try again later': 'inget ändrades, försök igen senare',
  'nothing was stored, try again later': 'inget sparades, försök igen senare',
  'Storage failed; it is not known whether this was kept':
    'Lagringen svarar inte; det är oklart om det här sparades',
  'The server made a mistake; nothing was changed, try again':
    'Servern gjorde fel; inget ändrades, försök igen',
  'The account was changed elsewhere': 'Kontot ändrades från annat håll',
  'The account was changed elsewhere; try again': 'Kontot ändrades från annat håll; försök igen',
  'The account is just being read anew; try again': 'Kontot läses just in på nytt; försök igen',
  'What is stored of it is damaged; "brevduva check" on the server says more':
    'Det som är sparat är skadat; "brevduva check" på servern säger mer',
  'What is stored of it is damaged, and nothing was changed; "brevduva check" on the server says more':
    'Det som är sparat är skadat, och inget ändrades; "brevduva check" på servern säger mer',
  'The mailbox is damaged; open it again': 'Brevlådan är skadad; öppna den igen',
  'The mailbox was unloaded; try again': 'Brevlådan är inte i minnet längre; försök igen',
  'The messages were unloaded; try again': 'Meddelandena är inte i minnet längre; försök igen',
  'It is changed twice at once': 'Det ändras två gånger på en gång',
  'Some of the messages are gone; nothing was copied': 'Några av meddelandena är borta; inget kopierades',
  'A part of the messages is done, the others are not; try again for those':
    'En del av meddelandena är klara, de andra inte; försök igen med dem',
  'A part of the messages was copied and could not be taken back; look into "…" before you try again':
    'En del av meddelandena kopierades och gick inte att ta tillbaka; titta i "{1}" innan du försöker igen',

  // Mailboxes.
  'There is no such mailbox': 'Den brevlådan finns inte',
  'There is no mailbox "…"': 'Det finns ingen brevlåda "{1}"',
  'There is a mailbox "…" already': 'Det finns redan en brevlåda "{1}"',
  'Mailbox … was deleted': 'Brevlådan {1} är raderad',
  'Mailbox … has used up its UIDs; copy its mail to a new one':
    'Brevlådan {1} har gjort slut på sina UID; kopiera breven till en ny',
  'The mailbox is open for reading only': 'Brevlådan är öppnad bara för läsning',
  '"…" has mailboxes below it; delete them first': '"{1}" har brevlådor under sig; radera dem först',
  '"…" is the … mailbox; there can be only one': '"{1}" är redan brevlådan för {2}; det kan bara finnas en',
  'There are mailboxes below it; delete them first': 'Det finns brevlådor under den; radera dem först',
  'There is mail in it': 'Det ligger brev i den',
  'INBOX cannot be deleted': 'INBOX kan inte raderas',
  'INBOX has no other use': 'INBOX har ingen annan användning',
  'INBOX keeps its name and its place': 'INBOX behåller sitt namn och sin plats',
  'A mailbox cannot be moved below itself': 'En brevlåda kan inte läggas under sig själv',
  'A mailbox has one special use at most': 'En brevlåda har högst ett användningsområde',
  'This special use is not offered': 'Det användningsområdet finns inte',
  'A name has no … in it': 'Ett namn innehåller inget {1}',
  'An account can have at most … mailboxes; delete some first':
    'Ett konto kan ha högst {1} brevlådor; radera några först',
  'Mailbox name is empty': 'Brevlådans namn är tomt',
  'Mailbox name is too long': 'Brevlådans namn är för långt',
  'Mailbox name is longer than … bytes': 'Brevlådans namn är längre än {1} byte',
  'Mailbox name is not valid Unicode': 'Brevlådans namn är inte giltig Unicode',
  'Mailbox name contains a control character': 'Brevlådans namn innehåller ett styrtecken',
  'Mailbox name must not contain the wildcards * and %':
    'Brevlådans namn får inte innehålla jokertecknen * och %',
  'Mailbox name has an empty level': 'Brevlådans namn har en tom nivå',
  'Mailbox name has more than … levels': 'Brevlådans namn har fler än {1} nivåer',
  'A level of the mailbox name is longer than … bytes': 'En nivå i brevlådans namn är längre än {1} byte',
  '"…" is where the mailboxes of others are': 'Under "{1}" finns andras brevlådor',

  // Messages.
  'A message can have at most … keywords; remove some first':
    'Ett meddelande kan ha högst {1} nyckelord; ta bort några först',
  'A mailbox can have at most … different keywords; use one of those it has':
    'En brevlåda kan ha högst {1} olika nyckelord; använd något som finns',
  'A mailbox can have at most … combinations of keywords; use one of those it has':
    'En brevlåda kan ha högst {1} kombinationer av nyckelord; använd någon som finns',
  'The message to replace is gone': 'Meddelandet som skulle ersättas är borta',
  'No room for …: … of … are used; delete mail or ask for more room':
    'Inget utrymme för {1}: {2} av {3} är använt; radera brev eller be om mer utrymme',
  'No room for another message: there are … of …; delete mail or ask for more room':
    'Inget utrymme för ett meddelande till: det finns {1} av {2}; radera brev eller be om mer utrymme',
  'No room for …: all accounts of … use … of …; delete mail, or ask whoever looks after the domain for more room':
    'Inget utrymme för {1}: alla konton i {2} använder {3} av {4}; radera brev, eller be den som sköter domänen om mer utrymme',
  'No room for another message: all accounts of … have … of …; delete mail, or ask whoever looks after the domain for more room':
    'Inget utrymme för ett meddelande till: alla konton i {1} har {2} av {3}; radera brev, eller be den som sköter domänen om mer utrymme',
  'The message with UID … is damaged on the server; leave it where it is':
    'Meddelandet med UID {1} är skadat på servern; låt det vara där det är',
  'No room for another mailbox: there are … of …; delete one or ask for more':
    'Inget utrymme för en brevlåda till: det finns {1} av {2}; radera någon eller be om fler',
  'Too many messages are coming in at this moment; try again later':
    'För många meddelanden kommer in just nu; försök igen senare',
  'Too much of this account is being uploaded at this moment; try again later':
    'För mycket laddas upp till kontot just nu; försök igen senare',
  'Too much mail waits to leave this server; try again later':
    'För mycket post väntar på att lämna servern; försök igen senare',
  '… recipients wait for mail of this account, … are the most there can be; try again later':
    '{1} mottagare väntar på post från kontot, {2} är det mesta som får vänta; försök igen senare',
  '… of mail of this account wait to leave, and … are the most there can be; there is no room for another …: try again later, or take back what is held':
    '{1} post från kontot väntar på att skickas, och {2} är det mesta som får vänta; det finns inte plats för {3} till: försök igen senare, eller ta tillbaka det som hålls',

  // Annotations.
  'An annotation can have at most … octets': 'En anteckning kan ha högst {1} oktetter',
  'A mailbox can have at most … annotations; remove some first':
    'En brevlåda kan ha högst {1} anteckningar; ta bort några först',
  'There can be at most … annotations; remove some first':
    'Det kan finnas högst {1} anteckningar; ta bort några först',
  'All annotations together can have at most … octets; remove some first, or ask for more room':
    'Alla anteckningar tillsammans kan ha högst {1} oktetter; ta bort några först, eller be om mer utrymme',
  '… is a number of days such as 30, or "never"': '{1} är ett antal dagar, som 30, eller "never"',
  'Only the administrator sets …': 'Bara administratören ändrar {1}',

  // What others share.
  'You have no right to ¤ (…)': 'Du har inte rätt att {1} ({2})',
  'see it': 'se den',
  'read it': 'läsa den',
  'say what you have seen': 'säga vad du har läst',
  'change its flags': 'ändra dess flaggor',
  'put mail into it': 'lägga brev i den',
  'write as its owner': 'skriva som dess ägare',
  'make mailboxes below it': 'skapa brevlådor under den',
  'delete or rename it': 'radera den eller byta dess namn',
  'mark mail as deleted': 'markera brev som borttagna',
  'expunge mail': 'ta bort brev för gott',
  'give rights in it': 'ge rättigheter i den',
  'You have no right to change any of these flags (s, w or t)':
    'Du har inte rätt att ändra någon av de här flaggorna (s, w eller t)',
  'You may not make a mailbox there': 'Du får inte skapa en brevlåda där',
  'You may not rename all that is below it': 'Du får inte byta namn på allt som ligger under den',
  'Only its owner gives the mail of INBOX another place': 'Bara ägaren flyttar breven i INBOX',
  "What it is for is its owner's matter": 'Vad den används till bestämmer ägaren',
  'A mailbox stays with its owner; copy what is in it':
    'En brevlåda stannar hos sin ägare; kopiera det som ligger i den',
  'The owner of the mailbox has no room for it': 'Brevlådans ägare har inget utrymme för det',
  'The owner has all rights and keeps them': 'Ägaren har alla rättigheter och behåller dem',
  "A mailbox can be shared with at most …; use a group, or take somebody's rights first":
    'En brevlåda kan delas med högst {1}; använd en grupp, eller ta någons rättigheter först',
  "An account can give rights at most … times; use groups, or take somebody's rights first":
    'Ett konto kan ge rättigheter högst {1} gånger; använd grupper, eller ta någons rättigheter först',
  'There is neither an account nor a list of that name':
    'Det finns varken ett konto eller en lista med det namnet',
  'A list that is given rights can have at most … members':
    'En lista som får rättigheter kan ha högst {1} medlemmar',
  '… accounts share something with them already; that is the most':
    '{1} konton delar redan något med dem; fler kan det inte vara',
  '… is kept in another part of the data than …, and what is shared has to be in one; the administrator brings them together: brevduva reshard --together … …':
    '{1} finns i en annan del av lagringen än {2}, och det som delas måste finnas i en och samma; administratören för ihop dem: brevduva reshard --together {3} {4}',

  // Signing in.
  'Wrong name or password': 'Fel namn eller lösenord',
  'Wrong name or app password; the password of the account is not good in mail programs, make an app password for each':
    'Fel namn eller applösenord; kontots lösenord gäller inte i e-postprogram, skapa ett applösenord för vart och ett',
  'This account has a second step of signing in, which mail programs do not know; make an app password for this one in the webmail':
    'Kontot har ett andra steg vid inloggningen, som e-postprogram inte kan; skapa ett applösenord för det här i webbmejlen',
  'This account is closed; whoever runs the server can open it again':
    'Kontot är stängt; den som sköter servern kan öppna det igen',
  'The app password "…" has expired; make a new one':
    'Applösenordet "{1}" gäller inte längre; skapa ett nytt',
  'The app password "…" is for …, not for …': 'Applösenordet "{1}" gäller {2}, inte {3}',
  'The app password "…" is not for use from this network':
    'Applösenordet "{1}" gäller inte från det här nätet',
  'Too many are signing in at this moment; try again in a minute':
    'För många loggar in just nu; försök igen om en minut',
  'Too many wrong passwords from your network; try again in a minute':
    'För många fel lösenord från ditt nät; försök igen om en minut',
  'This connection has failed to sign in too often':
    'Inloggningen har misslyckats för många gånger på den här anslutningen',
  'The accounts cannot be read; try again later': 'Kontona går inte att läsa; försök igen senare',
  'The account cannot be reached at this moment; try again': 'Kontot går inte att nå just nu; försök igen',
  'There is no such account': 'Det kontot finns inte',
  'What you signed in with was changed just now; sign in again':
    'Det du loggade in med ändrades just; logga in igen',
  'The issuer of the token cannot be asked; try again later':
    'Den som har utfärdat beviset svarar inte; försök igen senare',
  'No tokens are taken': 'Inloggningsbevis tas inte emot',
  'The token lacks the scope …': 'Inloggningsbeviset saknar behörigheten {1}',
  'The token has no …': 'Inloggningsbeviset saknar {1}',
  'The issuer has not verified the address in the token':
    'Utfärdaren har inte bekräftat adressen i inloggningsbeviset',
  'The token has expired': 'Inloggningsbeviset gäller inte längre',
  'The token is not for here (…)': 'Inloggningsbeviset gäller inte här ({1})',
  'The token is none of the issuer': 'Inloggningsbeviset är inte utfärdarens',
  'Authentication was cancelled': 'Inloggningen avbröts',
  'There was nothing more to say': 'Det fanns inget mer att säga',
  'Nobody wants keys': 'Ingen vill ha nycklar',
  'Empty or impossible name': 'Namnet är tomt eller omöjligt',
  'Empty or impossible name or password': 'Namnet eller lösenordet är tomt eller omöjligt',
  'Empty or too long password': 'Lösenordet är tomt eller för långt',
  'Empty password': 'Lösenordet är tomt',
  'Impossible name': 'Namnet är omöjligt',
  'Name too long': 'Namnet är för långt',
  'Password too long': 'Lösenordet är för långt',
  'Message too long': 'Meddelandet är för långt',
  'Not UTF-8': 'Det är inte UTF-8',
  'Two NULs wanted': 'Två NUL saknas',
  'Expected a name and a bearer token': 'Väntade ett namn och ett inloggningsbevis',
  'Acting for another account is not possible': 'Det går inte att handla för ett annat konto',
  'Not the first message of a SCRAM client': 'Det är inte en SCRAM-klients första meddelande',
  'Not the final message of a SCRAM client': 'Det är inte en SCRAM-klients sista meddelande',
  'Not the nonce of this exchange': 'Engångsvärdet hör inte till den här inloggningen',
  'Channel binding belongs to the -PLUS mechanisms, and to no others':
    'Kanalbindning hör till mekanismerna på -PLUS, och inga andra',
  'This type of channel binding is not supported': 'Den sortens kanalbindning finns inte',
  'The channel bindings do not match: somebody is in the middle':
    'Kanalbindningarna stämmer inte: någon finns emellan',
  'The server supports channel binding, and somebody told the client otherwise':
    'Servern stöder kanalbindning, och någon har sagt annat till klienten',
} as const;
