import type { Log } from '../base/log.ts';
import type { Activity } from '../identity/activity.ts';
import type { Recipients } from '../identity/recipients.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { UploadBudget } from '../mailbox/operations/upload-budget.ts';
import type { Relay } from '../net/relay.ts';
import type { StreamOptions } from '../net/stream.ts';
import type { OverQuota } from '../smtp/replies.ts';
import type { Repeats } from './repeats.ts';

/** What all deliveries of a protocol share. */
export interface DeliveryServices {
  readonly domain: Domain;
  readonly activity: Activity;
  readonly recipients: Pick<Recipients, 'resolve' | 'caretakerOf' | 'isOurs'>;
  readonly uploads: UploadBudget;
  readonly repeats: Repeats;
  readonly relay: Relay;
  readonly stream: StreamOptions;
  readonly log: Log;
  readonly settings: {
    readonly defaultDomain: string;
    readonly maxMessageBytes: number;
    readonly overQuota: OverQuota;
    /** How long the queue tries. */
    readonly giveUpMs: number;
  };
}
