/**
 * What can be asked of the DNS, and what may come of it. Everything that can happen is a value: that a name is not there
 * (NXDOMAIN), that it has no such record (NODATA), that the servers could not find out (SERVFAIL) and that none of them
 * answered in time are different things to whoever routes mail or judges it, and none of them is an exception.
 */
export interface MailExchange {
  readonly preference: number;
  /** `.`: the domain takes no mail (RFC 7505). */
  readonly exchange: string;
}

/** RFC 2782. */
export interface ServiceLocation {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** `.`: the service is not offered. */
  readonly target: string;
}

/** RFC 6698 §2.1. */
export interface CertificateAssociation {
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  readonly certificate: Buffer;
}

/** RFC 8659 §4.1. */
export interface IssuerAuthorization {
  readonly isCritical: boolean;
  readonly tag: string;
  readonly value: string;
}

/** By type, what one record holds. Names are in lower case, without the dot at their end; the root is `.`. */
export interface RecordData {
  readonly A: string;
  readonly AAAA: string;
  readonly CAA: IssuerAuthorization;
  /** The alias itself; for every other type aliases are followed. */
  readonly CNAME: string;
  readonly MX: MailExchange;
  readonly NS: string;
  readonly PTR: string;
  readonly SRV: ServiceLocation;
  readonly TLSA: CertificateAssociation;
  /** The strings of one record put together, as SPF and DKIM want it. */
  readonly TXT: string;
}

export type RecordType = keyof RecordData;

/**
 * `isSecure`: the server says that it has validated all of it (the AD bit, RFC 4035 §3.2.3). It is worth as much as that
 * server and the way to it; whoever decides by it, as DANE does, sees to it that the server is on this machine.
 */
export interface Found<T extends RecordType> {
  readonly kind: 'found';
  readonly records: readonly RecordData[T][];
  /** Whose they are, at the end of all aliases. */
  readonly name: string;
  readonly isSecure: boolean;
}

/** No such name, or the name has no such record (RFC 2308 §2). */
export type Absent = AbsentAs<'nxdomain'> | AbsentAs<'nodata'>;

interface AbsentAs<Kind extends string> {
  readonly kind: Kind;
  readonly isSecure: boolean;
}

/**
 * `servfail`: a server answered that it cannot say, or will not. `timeout`: none answered in time, or could be reached.
 * `busy`: it was not asked, since too much was asked at once: that is ours, and no word of the domain's servers.
 * `unusable`: the question is none, or the answer leads nowhere (aliases in a circle).
 */
export type Unanswered =
  | UnansweredAs<'servfail'>
  | UnansweredAs<'timeout'>
  | UnansweredAs<'busy'>
  | UnansweredAs<'unusable'>;

interface UnansweredAs<Kind extends string> {
  readonly kind: Kind;
  /** For people. */
  readonly detail: string;
}

export type Answer<T extends RecordType> = Found<T> | Absent | Unanswered;

/** How the rest of the program asks. `name` is in ASCII; a trailing dot and capital letters make no difference. */
export interface Dns {
  ask<T extends RecordType>(name: string, type: T): Promise<Answer<T>>;
}
