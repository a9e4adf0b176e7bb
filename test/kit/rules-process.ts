/** A delivering server with rules as a process of its own, to be killed: `node rules-process.ts DATA` prints its port. */
import { openTestLmtp } from './lmtp.ts';
import { openRulesDomain, TEST_SENDING } from './rules.ts';

const data = process.argv[2];
if (data === undefined) throw new Error('which data folder?');
const limits = { outgoingPerAccount: 1_000_000 };
const { domain } = await openRulesDomain({ data, limits, sending: TEST_SENDING });
const lmtp = await openTestLmtp({ domain });
console.log(lmtp.port);
