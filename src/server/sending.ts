/** The ports on which people send, put together from the configuration. */
import type { Config } from '../config/options.ts';
import type { Receive } from '../identity/handing-over.ts';
import { UploadBudget } from '../mailbox/operations/upload-budget.ts';
import type { Listener } from '../net/listener.ts';
import type { Port, SharedOptions } from '../net/ports.ts';
import { DEADLINES } from '../smtp/pace.ts';
import { receiveSubmission, startSubmission, submissionServices } from '../submission/server.ts';
import type { SubmissionServices } from '../submission/services.ts';
import { domainDefaultsIn, type SubmissionSettings } from '../submission/settings.ts';

export interface Sending {
  start(port: Port<'submission' | 'submissions'>): Promise<readonly Listener[]>;
  readonly receive: Receive;
  /** For whoever sends otherwise by the same rules. */
  readonly services: SubmissionServices;
  /** For connections that begin from now on. */
  apply(config: Config): void;
}

export function sendingOf(
  config: Config,
  parts: Omit<SubmissionServices, 'allowances' | 'notices' | 'identities' | 'settings' | 'uploads'>,
  ports: SharedOptions,
): Sending {
  const settings = settingsOf(config);
  const { uploads, uploadsPerAccount } = config.limits;
  const services = submissionServices({
    ...{ ...parts, settings },
    // One message of the largest size can always come.
    uploads: new UploadBudget({
      accountBytes: Math.max(uploadsPerAccount, settings.maxMessageBytes),
      totalBytes: Math.max(uploads, settings.maxMessageBytes),
    }),
  });
  return {
    start: (port) => startSubmission(services, { ...ports, listen: [port] }),
    receive: receiveSubmission(services),
    services,
    // Sessions hold this object and look into it when they need to.
    apply: (next) => void Object.assign(settings, settingsOf(next)),
  };
}

function settingsOf({ hostname, auth, limits, submission, sent, queue }: Config): SubmissionSettings {
  const { enabled, messagesPerHour, recipientsPerHour, messagesPerDay, recipientsPerDay } = submission;
  return {
    ...{ hostname, defaultDomain: auth.defaultDomain, plaintext: auth.plaintext, deadlines: DEADLINES },
    maxMessageBytes: submission.maxSize,
    maxRecipients: submission.maxRecipients,
    failuresPerConnection: auth.failuresPerConnection,
    loginTimeoutMs: limits.loginTimeout,
    handshakeTimeoutMs: limits.handshakeTimeout,
    bindsChannel: submission.channelBinding,
    hidesClient: submission.hideClient,
    addsSender: submission.from === 'sender',
    copies: sent.copy,
    giveUpMs: queue.giveUp,
    defaults: {
      enabled,
      undoMs: submission.undo,
      messagesPerHour,
      recipientsPerHour,
      messagesPerDay,
      recipientsPerDay,
    },
    domainDefaults: domainDefaultsIn(submission.domains),
  };
}
