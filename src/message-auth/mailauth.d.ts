/** The parts of `mailauth` that are used; the package has types for its front only. */
declare module 'mailauth/lib/dkim/dkim-verifier.js' {
  export interface Row {
    readonly key: string;
    readonly casedKey: string;
    readonly line: Buffer;
  }
  export interface Headers {
    readonly parsed: readonly Row[];
    readonly original: Buffer;
  }
  export interface Tag {
    readonly value: string | number;
  }
  export interface SignatureHeader {
    readonly type: 'DKIM' | 'ARC';
    readonly signingDomain: string;
    readonly selector: string;
    readonly hashAlgo: string;
    readonly parsed?: { readonly [tag: string]: Tag | undefined };
    skip?: string;
    invalid?: string;
  }
  export interface Status {
    readonly result: string;
    readonly comment?: string | false;
    readonly header?: { readonly [property: string]: string | false | undefined };
    readonly policy?: { readonly [property: string]: string };
    readonly underSized?: number;
  }
  export interface SignatureResult {
    readonly id?: string;
    readonly signingDomain?: string;
    readonly selector?: string;
    readonly status: Status;
  }
  export interface ArcSet {
    readonly i: number;
    readonly 'arc-seal': { readonly parsed: { readonly d?: Tag; readonly s?: Tag; readonly cv?: Tag } };
    readonly 'arc-authentication-results': { readonly original: Buffer };
  }
  export interface ArcData {
    readonly chain: readonly ArcSet[] | false;
    readonly lastEntry?: ArcSet;
    readonly error?: Error;
  }
  export interface BodyHashSlot {
    digest(): string;
    getMimeStructureStart(): undefined;
    setContentType(): void;
    hash?: string;
    byteLength?: number;
    bodyHashedBytes?: number;
    canonicalizedLength?: number;
  }
  export class DkimVerifier {
    constructor(options: object);
    headers: Headers;
    readonly results: SignatureResult[];
    readonly arc: ArcData;
    readonly signatureHeaders: SignatureHeader[];
    readonly bodyHashes: Map<string, BodyHashSlot>;
    messageHeaders(headers: Headers): Promise<void>;
    finalChunk(): Promise<void>;
    addBodyHash(form: string, algorithm: string, maxBytes: number | ''): string;
    prepareSignature(signature: SignatureHeader): void;
    verifySignature(signature: SignatureHeader, fallback?: boolean): Promise<SignatureResult>;
  }
}

declare module 'mailauth/lib/arc/index.js' {
  import type { ArcData, Headers, Status } from 'mailauth/lib/dkim/dkim-verifier.js';
  export interface ArcResult {
    readonly status: Status;
    readonly i?: number | false;
  }
  export interface Seal {
    readonly signingDomain: string;
    readonly selector: string;
    readonly privateKey: string;
    readonly cv: string;
    readonly bodyHash: string;
    readonly authResults: string;
    readonly signTime: Date;
    readonly headerList?: string;
  }
  const arc: {
    arc(data: ArcData, options: object): Promise<ArcResult>;
    createSeal(
      input: false,
      data: { headers: Headers; arc: ArcData; seal: Seal; strict: boolean },
    ): Promise<{ readonly headers: readonly string[]; readonly errors: readonly { err: Error }[] }>;
    getARChain(headers: Headers, options: { strict: boolean }): ArcData['chain'];
  };
  export default arc;
}

declare module 'mailauth/lib/spf/index.js' {
  const spf: {
    spf(options: object): Promise<{
      readonly domain: string;
      readonly status: {
        readonly result: string;
        readonly comment?: string | false;
        readonly smtp?: { readonly [property: string]: string | undefined };
      };
      readonly explanation?: string;
    }>;
  };
  export default spf;
}

declare module 'mailauth/lib/dmarc/index.js' {
  import type { Status } from 'mailauth/lib/dkim/dkim-verifier.js';
  export interface DmarcResponse {
    readonly status: Status;
    readonly policy?: string;
    readonly policyDomain?: string;
    readonly p?: string;
    readonly sp?: string;
    readonly alignment?: {
      readonly spf: { readonly result?: string | undefined; readonly strict: boolean };
      readonly dkim: { readonly result?: string | undefined; readonly strict: boolean };
    };
    readonly domain: string;
  }
  const dmarc: {
    evaluateDmarc(options: {
      headerFrom: readonly string[];
      fromFields: number;
      spfDomains: readonly string[];
      dkimDomains: readonly { id?: string; domain: string; underSized?: number }[];
      resolver: (name: string, type: string) => Promise<unknown>;
      strict: boolean;
    }): Promise<{ readonly response: DmarcResponse | false; readonly reason?: string }>;
  };
  export default dmarc;
}
