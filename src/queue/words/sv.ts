import type { Words } from './words.ts';

export const SV: Words = {
  from: 'E-postleverans',
  subject: {
    failed: 'Ditt meddelande kom inte fram',
    delayed: 'Ditt meddelande är försenat',
    delivered: 'Ditt meddelande har kommit fram',
  },
  greeting: {
    failed: 'Ditt meddelande kunde inte levereras till adresserna nedan, och inga fler försök görs.',
    delayed:
      'Ditt meddelande har ännu inte nått adresserna nedan. Försöken fortsätter, och du behöver inte göra något.',
    delivered: 'Du bad att få veta hur det gick för ditt meddelande.',
  },
  reasons: {
    'no-such-address': {
      happened: 'Adressen finns inte.',
      advice: 'Leta efter ett skrivfel före @, eller fråga efter rätt adress på något annat sätt.',
    },
    'no-such-domain': {
      happened: 'Det finns ingen e-postserver för det som står efter @.',
      advice: 'Leta efter ett skrivfel efter @.',
    },
    'takes-no-mail': {
      happened: 'Domänens ägare har sagt att den inte tar emot e-post.',
      advice: 'Leta efter en annan adress.',
    },
    full: {
      happened: 'Brevlådan är full.',
      advice: 'Hör av dig på något annat sätt, och skicka meddelandet igen senare.',
    },
    'too-large': {
      happened: 'Meddelandet är för stort för den mottagande servern.',
      advice: 'Skicka stora filer som en länk, eller i flera meddelanden.',
    },
    'never-fits': {
      happened: 'Meddelandet är större än vad brevlådan tar emot, hur tom den än är.',
      advice:
        'Det hjälper inte att skicka det igen. Skicka stora filer som en länk, eller i flera meddelanden.',
    },
    'not-secure': {
      happened: 'Meddelandet kunde inte skickas så säkert som det skulle, och därför skickades det inte.',
      advice: 'Visa den här rapporten för den som sköter mottagarens e-post.',
    },
    'not-possible': {
      happened: 'Den mottagande servern är för gammal för ett sådant meddelande.',
      advice: 'Skicka det utan ovanliga bokstäver i adresserna, eller till en annan adress.',
    },
    refused: {
      happened: 'Den mottagande servern vill inte ha meddelandet.',
      advice: 'Dess ord nedan säger kanske varför. Visa dem annars för den som sköter din e-post.',
    },
    'not-reached': {
      happened: 'Den mottagande servern gick inte att nå.',
      advice: 'Skicka meddelandet igen senare, eller hör av dig på något annat sätt.',
    },
    dropped: {
      happened: 'Den som sköter den här servern har stoppat meddelandet.',
      advice: 'Fråga varför.',
    },
    other: {
      happened: 'Meddelandet togs inte emot.',
      advice: 'Orden nedan säger kanske varför.',
    },
  },
  arrived: {
    delivered: 'Det ligger i brevlådan.',
    relayed: 'Det lämnades till nästa server, som inte berättar hur det går.',
    expanded: 'Det skickades vidare till alla som får post till den här adressen.',
  },
  said: (host) => `${host} sade:`,
  retriedUntil: (date) => `Försöken fortsätter till ${date}.`,
  attached: 'Detaljer för experter, och ditt meddelande eller början av det, är bifogade.',
  passedOn: {
    subject: 'Ett vidarebefordrat meddelande kom inte fram',
    greeting:
      'Ett meddelande från någon annan skickades vidare till adresserna nedan av en av dina regler, eller för att en adress leder dit. Det kunde inte levereras till dem, och inga fler försök görs.',
    advice: 'Se efter vilken regel eller adress som skickar vidare dit, och rätta den eller ta bort den.',
    attached: 'Detaljer för experter, och meddelandet eller början av det, är bifogade.',
  },
};
