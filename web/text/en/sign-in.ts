import { pluralOf } from '../plural.ts';

const plural = pluralOf('en');

export const signIn = {
  title: 'Sign in',
  address: 'E-mail address',
  password: 'Password',
  showPassword: 'Show password',
  hidePassword: 'Hide password',
  ownDevice: 'This is my own device',
  ownDeviceMeans:
    'Stays signed in for 30 days. Otherwise until the browser closes, and nothing is kept here.',
  submit: 'Sign in',
  underWay: 'Signing in…',
  wrong: 'That address and password do not go together.',
  passkey: 'Sign in with a passkey',
  wrongPasskey: 'No passkey of this server was confirmed.',
  wrongCode: 'That code does not work, or was used before. Take the next one.',
  tooMany: 'Too many attempts. Wait a minute, then try again.',
  tooManyUntil: (time: string) => `Too many wrong attempts. Try again at ${time}.`,
  closed: 'This account is closed. Whoever runs the server can open it again.',
  notAllowed: 'Your account does not take its main password here. Use an app password.',
  unreachable: 'The server cannot be reached. Check the connection and try again.',
  failed: 'Something went wrong on the server. Try again in a moment.',
  linkUsed: 'That link has been used or is too old. Sign in with your password.',
  ended: 'You were signed out. Sign in again to go on.',
  endedUnsent: (count: number) =>
    plural(count, {
      one: 'You were signed out before a mail could be sent. Sign in again on this page: it comes to Drafts.',
      other:
        'You were signed out before # mails could be sent. Sign in again on this page: they come to Drafts.',
    }),
};
