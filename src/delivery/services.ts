import type { Log } from '../base/log.ts';
import type { ReceivedReports } from '../feedback/received.ts';
import type { Activity } from '../identity/activity.ts';
import type { Recipients } from '../identity/recipients.ts';
import type { Domain } from '../mailbox/domain.ts';
import { UploadBudget } from '../mailbox/operations/upload-budget.ts';
import type { SharedOptions } from '../net/ports.ts';
import { NO_RELAY, type Relay } from '../net/relay.ts';
import type { StreamOptions } from '../net/stream.ts';
import type { TlsSource } from '../net/tls.ts';
import { DEADLINES, type Deadlines } from '../smtp/pace.ts';
import type { OverQuota } from '../smtp/replies.ts';
import { Repeats } from './repeats.ts';

export interface DeliverySettings {
  /** In the greeting and in trace fields. */
  readonly hostname: string;
  readonly defaultDomain: string;
  readonly maxMessageBytes: number;
  readonly overQuota: OverQuota;
  /** What the filter of the transfer agent has written into a message counts (`spam/upstream.ts`). */
  readonly believesHeaders?: boolean;
  /** How long the queue tries what waits. */
  readonly giveUpMs: number;
  readonly handshakeTimeoutMs: number;
  readonly deadlines: Deadlines;
}

/** What all deliveries of a protocol share. */
export interface DeliveryServices {
  readonly domain: Domain;
  readonly activity: Activity;
  readonly recipients: Pick<Recipients, 'resolve' | 'caretakerOf' | 'isOurs'>;
  readonly uploads: UploadBudget;
  readonly repeats: Repeats;
  readonly relay: Relay;
  /** Absent: reports about our domains are mail like any other. */
  readonly reports?: Pick<ReceivedReports, 'octetsOf' | 'take'>;
  readonly stream: StreamOptions;
  /** STARTTLS is offered with it. */
  readonly tls: TlsSource | undefined;
  readonly log: Log;
  readonly settings: DeliverySettings;
}

export interface DeliveryOptions
  extends Pick<SharedOptions, 'stream' | 'handshakeTimeoutMs' | 'log'>,
    Omit<DeliverySettings, 'deadlines'> {
  readonly domain: Domain;
  readonly activity: Activity;
  readonly recipients: Recipients;
  /** All messages under way together. */
  readonly uploadBytes: number;
  readonly tls?: TlsSource;
  readonly deadlines?: Deadlines;
  /** Absent where one process holds everything. */
  readonly relay?: Relay;
  readonly reports?: DeliveryServices['reports'];
}

/** Where a protocol listens. */
export interface DeliveryPort extends SharedOptions {
  readonly host: string;
  /** 0 binds a free one. */
  readonly port: number;
}

export function deliveryServices(options: DeliveryOptions): DeliveryServices {
  const { domain, activity, recipients, stream, tls, log, relay = NO_RELAY, deadlines = DEADLINES } = options;
  const { hostname, defaultDomain, maxMessageBytes, overQuota, giveUpMs, handshakeTimeoutMs } = options;
  // One message of the largest size can always come.
  const totalBytes = Math.max(options.uploadBytes, maxMessageBytes);
  return {
    ...{ domain, activity, recipients, relay, stream, tls, log },
    uploads: new UploadBudget({ accountBytes: totalBytes, totalBytes }),
    repeats: new Repeats(),
    ...(options.reports && { reports: options.reports }),
    settings: {
      ...{ hostname, defaultDomain, maxMessageBytes, overQuota, giveUpMs },
      ...{ handshakeTimeoutMs, deadlines },
    },
  };
}
