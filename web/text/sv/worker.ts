import type { worker as english } from '../en/worker.ts';

export const worker = {
  newMail: 'Ny post',
  noSubject: '(inget ämne)',
  more: (count: number) => `${count} nya mejl`,
  nothingNew: 'Din post är uppdaterad.',
} satisfies typeof english;
