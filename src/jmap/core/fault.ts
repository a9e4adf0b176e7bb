/** What a method answers instead of a result (RFC 8620 §3.6.2), and what becomes of one object of a set (§5.3). */
import type { MailboxError, MailboxErrorCode } from '../../mailbox/model/errors.ts';
import type { JsonObject } from './json.ts';

export type MethodFaultType =
  | 'serverUnavailable'
  | 'serverFail'
  | 'serverPartialFail'
  | 'unknownMethod'
  | 'invalidArguments'
  | 'invalidResultReference'
  | 'forbidden'
  | 'accountNotFound'
  | 'accountNotSupportedByMethod'
  | 'accountReadOnly'
  | 'requestTooLarge'
  | 'cannotCalculateChanges'
  | 'tooManyChanges'
  | 'stateMismatch'
  | 'anchorNotFound'
  | 'unsupportedSort'
  | 'unsupportedFilter'
  | 'unknownDataType'
  | 'fromAccountNotFound'
  | 'fromAccountNotSupportedByMethod';

/** Thrown by a method; answered as `["error", {type, ...}, id]`. */
export class MethodError extends Error {
  override readonly name = 'MethodError';
  readonly type: MethodFaultType;
  readonly more: JsonObject;

  /** `description` is for logs and developers; `more` are properties that the type of error has besides. */
  constructor(type: MethodFaultType, description?: string, more: JsonObject = {}) {
    super(description ?? type);
    this.type = type;
    this.more = { ...(description === undefined ? {} : { description }), ...more };
  }

  toAnswer(): JsonObject {
    return { type: this.type, ...this.more };
  }
}

/** Of one object in a set, as its specification names it: `notFound`, `invalidProperties`, `mailboxHasChild`, ... */
export class SetError extends Error {
  override readonly name = 'SetError';
  readonly type: string;
  readonly more: JsonObject;

  constructor(type: string, description?: string, more: JsonObject = {}) {
    super(description ?? type);
    this.type = type;
    this.more = { ...(description === undefined ? {} : { description }), ...more };
  }

  toAnswer(): JsonObject {
    return { type: this.type, ...this.more };
  }
}

export function invalidProperties(properties: readonly string[], description?: string): SetError {
  return new SetError('invalidProperties', description, { properties });
}

const METHOD_TYPES: Readonly<Record<MailboxErrorCode, MethodFaultType>> = Object.freeze({
  nonexistent: 'accountNotFound',
  exists: 'invalidArguments',
  'has-children': 'invalidArguments',
  'not-empty': 'invalidArguments',
  cannot: 'forbidden',
  'invalid-name': 'invalidArguments',
  'over-quota': 'forbidden',
  'too-big': 'requestTooLarge',
  limit: 'requestTooLarge',
  'read-only': 'accountReadOnly',
  'bad-credentials': 'forbidden',
  forbidden: 'forbidden',
  throttled: 'serverUnavailable',
  unavailable: 'serverUnavailable',
  damaged: 'serverFail',
  conflict: 'serverUnavailable',
});

/** What a domain error is to the whole of a method. A type of object that can say more of one says it as a `SetError`. */
export function methodErrorOf({ code, message }: MailboxError): MethodError {
  return new MethodError(METHOD_TYPES[code], message);
}

const SET_TYPES: Readonly<Record<MailboxErrorCode, string>> = Object.freeze({
  nonexistent: 'notFound',
  exists: 'alreadyExists',
  'has-children': 'mailboxHasChild',
  'not-empty': 'mailboxHasEmail',
  cannot: 'forbidden',
  'invalid-name': 'invalidProperties',
  'over-quota': 'overQuota',
  'too-big': 'tooLarge',
  limit: 'overQuota',
  'read-only': 'forbidden',
  'bad-credentials': 'forbidden',
  forbidden: 'forbidden',
  throttled: 'rateLimit',
  unavailable: 'serverUnavailable',
  damaged: 'serverFail',
  conflict: 'serverUnavailable',
});

export function setErrorOf({ code, message }: MailboxError, more: JsonObject = {}): SetError {
  return new SetError(SET_TYPES[code], message, more);
}
