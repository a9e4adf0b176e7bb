/** Mail as people get it: short and long, in several languages and scripts, with answers and attachments. All of it made up. */
export interface Letter {
  readonly from: string;
  readonly to?: string;
  readonly subject: string;
  readonly text: string;
  readonly date: Date;
  readonly flags?: readonly string[];
  readonly mailbox?: string;
  readonly id?: string;
  readonly answers?: string;
  readonly attachment?: string;
}

const ME = 'Ann Lind <ann@example.org>';
const HOUR = 3_600_000;
const ago = (hours: number): Date => new Date(Date.now() - hours * HOUR);
const SEEN = ['\\Seen'];

export const LETTERS: readonly Letter[] = [
  ...[
    {
      from: 'Anna Berg <anna.berg@example.org>',
      subject: 'Midsommar i stugan – vem tar båten?',
      text: 'Hej! Vi är nog åtta i år, och båten tar sex. Kan du ta Olof och barnen med färjan på fredag, så hämtar jag er vid bryggan klockan tre?',
      date: ago(0.6),
      attachment: 'karta.pdf',
    },
    {
      from: 'Brevduva <demo@example.org>',
      subject: 'Welcome to your new mailbox',
      text: 'Everything you need to begin is on this page. Mail stays on the server, and every device shows a copy of it.',
      date: ago(2.2),
      flags: ['\\Flagged'],
    },
    {
      from: 'Olof Nyström <olof@example.com>',
      subject: 'Re: Budget for the spring',
      text: 'I looked through it on the train. Two questions about the second table, otherwise it is fine with me.',
      date: ago(5),
      id: '<b3@example.com>',
      answers: '<b2@example.org>',
    },
    {
      from: ME,
      to: 'Olof Nyström <olof@example.com>',
      subject: 'Re: Budget for the spring',
      text: 'Here it is with the numbers from March. Tell me what you think.',
      date: ago(26),
      flags: SEEN,
      mailbox: 'Sent',
      id: '<b2@example.org>',
      answers: '<b1@example.com>',
    },
    {
      from: 'Olof Nyström <olof@example.com>',
      to: ME,
      subject: 'Budget for the spring',
      text: 'Could you send me the sheet again, with March in it?',
      date: ago(30),
      flags: SEEN,
      id: '<b1@example.com>',
    },
    {
      from: 'The Garden Letter <news@garden.example.com>',
      subject: 'What to sow in June, and why your beans can wait another week',
      text: 'The nights are still cool in most places. Before you put the beans out, have a look at the ground with a thermometer; twelve degrees are enough.',
      date: ago(9),
      flags: SEEN,
    },
    {
      from: '"محمد علي" <m.ali@example.com>',
      subject: 'مرحبا من القاهرة',
      text: 'شكرا على الصور الجميلة. سنأتي في الصيف إن شاء الله.',
      date: ago(22),
    },
    {
      from: 'Räkenskapsavdelningen vid Föreningen för Svensk Brevduvesport <rakenskap@example.org>',
      subject: 'Faktura 2026-114 förfaller den 30 juni',
      text: 'Bifogat finner du årets medlemsavgift. Betala gärna före midsommar så slipper du påminnelsen.',
      date: ago(50),
      flags: SEEN,
      attachment: 'faktura-2026-114.pdf',
    },
    {
      from: 'Kim <kim@example.net>',
      subject: 'lunch?',
      text: 'thursday?',
      date: ago(74),
      flags: ['\\Seen', '\\Answered'],
    },
    {
      from: 'library@example.org',
      subject: 'Two of your books are due on Monday',
      text: 'The Summer Book; A Month in the Country. You can keep both for two more weeks if nobody waits for them.',
      date: ago(120),
      flags: SEEN,
    },
    {
      from: 'Eva Sandström <eva@example.org>',
      subject: 'Bilderna från Fårö',
      text: 'Äntligen har jag gått igenom dem. De bästa ligger här, resten får du på en sticka när vi ses.',
      date: ago(400),
      flags: ['\\Seen', '\\Flagged'],
      attachment: 'raukar.jpg',
    },
    {
      from: 'Train Tickets <noreply@trains.example.com>',
      subject: 'Your journey Stockholm–Göteborg on 14 June',
      text: 'Car 3, seat 41, by the window. The train leaves from platform 10.',
      date: ago(700),
      flags: SEEN,
    },
    {
      from: 'Old Friend <friend@example.net>',
      subject: 'Remember the summer of 2019?',
      text: 'I found the letter that you wrote from the mountains.',
      date: new Date('2024-11-02T10:00:00Z'),
      flags: SEEN,
    },
    {
      from: ME,
      subject: 'Notes for the talk',
      text: 'Begin with the pigeon.',
      date: ago(20),
      flags: ['\\Draft', '\\Seen'],
      mailbox: 'Drafts',
    },
    {
      from: 'shop@example.com',
      subject: 'Old offer',
      text: 'Gone by now.',
      date: ago(90),
      flags: SEEN,
      mailbox: 'Trash',
    },
    {
      from: 'Landlord <rent@example.org>',
      subject: 'Hyra maj',
      text: 'Tack!',
      date: ago(800),
      flags: SEEN,
      mailbox: 'Räkningar/2026',
    },
  ],
];

export function letterOctets(letter: Letter): Buffer {
  const { from, to = ME, subject, text, date, id, answers, attachment } = letter;
  const word = (value: string): string => `=?utf-8?B?${Buffer.from(value).toString('base64')}?=`;
  const mailbox = (value: string): string =>
    value.replace(/^"?([^"<]*[^\s"<])"?\s*</, (_, name: string) => `${word(name)} <`);
  const head = [
    `From: ${mailbox(from)}`,
    `To: ${mailbox(to)}`,
    `Subject: ${word(subject)}`,
    `Date: ${date.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: ${id ?? `<${date.getTime()}.${subject.length}@example.org>`}`,
    ...(answers === undefined ? [] : [`In-Reply-To: ${answers}`, `References: ${answers}`]),
    'MIME-Version: 1.0',
  ];
  const plain = ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit', '', text];
  if (attachment === undefined) return Buffer.from([...head, ...plain, ''].join('\r\n'));
  const type = attachment.endsWith('.pdf') ? 'application/pdf' : 'image/jpeg';
  return Buffer.from(
    [
      ...head,
      'Content-Type: multipart/mixed; boundary="b"',
      '',
      ...['--b', ...plain],
      ...[
        '--b',
        `Content-Type: ${type}; name="${attachment}"`,
        `Content-Disposition: attachment; filename="${attachment}"`,
      ],
      ...['Content-Transfer-Encoding: base64', '', 'JVBERi0xLjQK', '--b--', ''],
    ].join('\r\n'),
  );
}
