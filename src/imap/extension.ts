/**
 * What an RFC may contribute, and how it says so. The core of IMAP4rev2 is registered through the same types.
 *
 * A new extension is one file that exports one frozen value, its test, and one line in `extensions.ts`. CAPABILITY,
 * ENABLE's list and the tables of the parsers follow from it.
 */
import type { SaslTerms } from '../sasl/mechanism.ts';
import type { Command } from './command.ts';
import type {
  CreateParameter,
  Enablable,
  Enable,
  FetchItem,
  ListReturnItem,
  ListSelectionItem,
  SearchKeyItem,
  SelectParameter,
  StatusItem,
  StoreItem,
  Tables,
} from './item.ts';
import type { ImapSettings } from './settings.ts';
import type { KeywordSyntax } from './wire/keyword-table.ts';

export interface Extension {
  /** RFC number and short name, for the documents: `RFC 7162 CONDSTORE and QRESYNC`. */
  readonly rfc: string;
  /** Words of CAPABILITY, for this session as it stands. */
  readonly capabilities?: (context: CapabilityContext) => readonly string[];
  /** Words ENABLE takes, spelled as they are answered, and what each switches on. */
  readonly enables?: Readonly<Record<string, Enable>>;
  /** Of all of them; absent: always. */
  readonly mayEnable?: Enablable['mayEnable'];
  readonly commands?: readonly Command[];
  readonly fetchItems?: readonly FetchItem[];
  readonly statusItems?: readonly StatusItem[];
  readonly searchKeys?:
    | readonly SearchKeyItem[]
    | ((tables: Pick<Tables, 'searchKeys'>) => readonly SearchKeyItem[]);
  /** `RETURN (...)` of SEARCH. */
  readonly searchReturns?:
    | readonly KeywordSyntax[]
    | ((tables: Pick<Tables, 'fetchItems'>) => readonly KeywordSyntax[]);
  readonly selectParameters?: readonly SelectParameter[];
  readonly fetchModifiers?: readonly KeywordSyntax[];
  readonly storeModifiers?: readonly KeywordSyntax[];
  readonly storeItems?: readonly StoreItem[];
  readonly createParameters?: readonly CreateParameter[];
  readonly listSelections?: readonly ListSelectionItem[];
  readonly listReturns?: readonly ListReturnItem[];
}

export interface CapabilityContext {
  readonly isSecure: boolean;
  /** How one can sign in; undefined when somebody has. */
  readonly saslTerms: SaslTerms | undefined;
  readonly settings: ImapSettings;
  /** Of a session: whether its client can sign out and stay. */
  readonly mayGoBack?: boolean;
  /** Of a session: who has signed in administers this server. */
  readonly isAdmin?: boolean;
}

export function defineExtension(extension: Extension): Extension {
  return Object.freeze(extension);
}
