import type { Words } from './words.ts';

export const EN: Words = {
  from: 'Mail delivery',
  subject: {
    failed: 'Your message was not delivered',
    delayed: 'Your message is late',
    delivered: 'Your message has arrived',
  },
  greeting: {
    failed: 'Your message could not be delivered to the addresses below, and will not be tried again.',
    delayed:
      'Your message has not reached the addresses below yet. It is still being tried, and you need not do anything.',
    delivered: 'You asked to hear what became of your message.',
  },
  reasons: {
    'no-such-address': {
      happened: 'There is no such address.',
      advice: 'Look for a typing mistake before the @, or ask for the right address in another way.',
    },
    'no-such-domain': {
      happened: 'There is no mail server for what stands behind the @.',
      advice: 'Look for a typing mistake behind the @.',
    },
    'takes-no-mail': {
      happened: 'The owner of this domain has said that it takes no mail.',
      advice: 'Look for another address.',
    },
    full: {
      happened: 'The mailbox is full.',
      advice: 'Tell the person in another way, and send the message again later.',
    },
    'too-large': {
      happened: 'The message is too large for the server that receives it.',
      advice: 'Send large files as a link, or in several messages.',
    },
    'never-fits': {
      happened: 'The message is larger than this mailbox takes, however empty it is.',
      advice: 'Sending it again is in vain. Send large files as a link, or in several messages.',
    },
    'not-secure': {
      happened: 'The message could not be sent in the secure way that was asked for, so it was not sent.',
      advice: 'Show this report to whoever looks after the mail of the recipient.',
    },
    'not-possible': {
      happened: 'The server that receives it is too old for a message of this kind.',
      advice: 'Send it without unusual letters in addresses, or to another address.',
    },
    refused: {
      happened: 'The server that receives it does not want the message.',
      advice:
        'Its words below may say why. If they make no sense to you, show them to whoever looks after your mail.',
    },
    'not-reached': {
      happened: 'The server that receives it could not be reached.',
      advice: 'Send the message again later, or tell the person in another way.',
    },
    dropped: {
      happened: 'Whoever looks after this server has stopped the message.',
      advice: 'Ask them why.',
    },
    other: {
      happened: 'The message was not taken.',
      advice: 'The words below may say why.',
    },
  },
  arrived: {
    delivered: 'It is in the mailbox.',
    relayed: 'It was handed to the next server, which does not say what becomes of it.',
    expanded: 'It was passed on to everybody who gets mail for this address.',
  },
  said: (host) => `${host} said:`,
  retriedUntil: (date) => `It will be tried until ${date}.`,
  attached: 'Details for experts, and your message or its beginning, are attached.',
  passedOn: {
    subject: 'A message that was passed on was not delivered',
    greeting:
      'A message from somebody else was passed on to the addresses below by a rule of yours, or because an address leads there. It could not be delivered to them, and will not be tried again.',
    advice: 'Look at the rule or the address that passes mail on to there, and correct it or end it.',
    attached: 'Details for experts, and the message or its beginning, are attached.',
  },
};
