/**
 * What the port promises (`mailbox/port/store.ts`), as a test suite for any store. An adapter runs it from its own test and
 * adds only what is particular to it. `make` gives an empty store that can be opened again after it was closed.
 *
 * Durability against power loss cannot be seen from here: a store proves it by a test of its own.
 */
import { describe, it } from 'node:test';
import { accountTests } from './contract/accounts.ts';
import { annotationTests } from './contract/annotations.ts';
import { batchTests } from './contract/batches.ts';
import { belongingTests } from './contract/belongings.ts';
import { byteTests } from './contract/bytes.ts';
import { correspondentTests } from './contract/correspondents.ts';
import { directoryTests } from './contract/directory.ts';
import { domainTests } from './contract/domains.ts';
import { emailTests } from './contract/emails.ts';
import { externalIdTests } from './contract/external-ids.ts';
import type { StoreHarness, Test } from './contract/harness.ts';
import { historyTests } from './contract/history.ts';
import { lessonTests } from './contract/lessons.ts';
import { outgoingTests } from './contract/outgoing.ts';
import { packingTests } from './contract/packing.ts';
import { ruleTests } from './contract/rules.ts';
import { shareTests } from './contract/shares.ts';
import { threadTests } from './contract/threads.ts';

export function describeMailStore(name: string, make: () => Promise<StoreHarness>): void {
  const test: Test = (what, run) =>
    it(what, async () => {
      const harness = await make();
      try {
        const store = await harness.open();
        await run(store, harness);
        await store.close();
      } finally {
        await harness.dispose();
      }
    });
  describe(`${name}: accounts and mailboxes`, () => accountTests(test));
  describe(`${name}: batches`, () => batchTests(test));
  describe(`${name}: history`, () => historyTests(test));
  describe(`${name}: names from elsewhere`, () => externalIdTests(test));
  describe(`${name}: emails and references`, () => emailTests(test));
  describe(`${name}: threads`, () => threadTests(test));
  describe(`${name}: mail that is to leave`, () => outgoingTests(test));
  describe(`${name}: rules`, () => ruleTests(test));
  describe(`${name}: annotations`, () => annotationTests(test));
  describe(`${name}: sharing`, () => shareTests(test));
  describe(`${name}: belongings`, () => belongingTests(test));
  describe(`${name}: lessons`, () => lessonTests(test));
  describe(`${name}: correspondents`, () => correspondentTests(test));
  describe(`${name}: bytes`, () => byteTests(test));
  describe(`${name}: packing`, () => packingTests(test));
  describe(`${name}: directory`, () => directoryTests(test));
  describe(`${name}: domains`, () => domainTests(test));
}
