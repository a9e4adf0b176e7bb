/**
 * The same programs once more, at a server of three workers: they see all of a protocol. The other tests are played so by
 * BREVDUVA_TEST_WORKERS=3.
 */
const PROGRAMS = ['curl', 'imapflow', 'pop3', 'together'];

if (process.env.BREVDUVA_TEST_WORKERS === undefined) {
  process.env.BREVDUVA_TEST_WORKERS = '3';
  for (const name of PROGRAMS) await import(`./${name}.test.ts`);
}
