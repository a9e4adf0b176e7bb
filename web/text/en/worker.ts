/** What the service worker says, which has no page around it. */
export const worker = {
  newMail: 'New mail',
  noSubject: '(no subject)',
  more: (count: number) => `${count} new mails`,
  nothingNew: 'Your mail is up to date.',
};
