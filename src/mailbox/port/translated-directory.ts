/** The directory as everybody sees it, see `translated-store.ts`. */
import type { CredentialKind } from '../model/credential.ts';
import type { Directory } from './directory.ts';
import type { Domains } from './domains.ts';
import { CHANGING, inWords, READING } from './store-words.ts';

export class TranslatedDirectory implements Directory {
  readonly domains: Domains;
  readonly #directory: Directory;

  constructor(directory: Directory) {
    this.#directory = directory;
    this.domains = translatedDomains(directory.domains);
  }

  find(...args: Parameters<Directory['find']>) {
    return inWords(READING, () => this.#directory.find(...args));
  }

  get(...args: Parameters<Directory['get']>) {
    return inWords(READING, () => this.#directory.get(...args));
  }

  list() {
    return inWords(READING, () => this.#directory.list());
  }

  withoutProofKeys(kind: CredentialKind): number {
    return this.#directory.withoutProofKeys(kind);
  }

  eldest() {
    return inWords(READING, () => this.#directory.eldest());
  }

  isUntouched() {
    return inWords(READING, () => this.#directory.isUntouched());
  }

  create(...args: Parameters<Directory['create']>) {
    return inWords(CHANGING, () => this.#directory.create(...args));
  }

  update(...args: Parameters<Directory['update']>) {
    return inWords(CHANGING, () => this.#directory.update(...args));
  }

  remove(...args: Parameters<Directory['remove']>) {
    return inWords(CHANGING, () => this.#directory.remove(...args));
  }

  removing() {
    return inWords(READING, () => this.#directory.removing());
  }

  forget(...args: Parameters<Directory['forget']>) {
    return inWords(CHANGING, () => this.#directory.forget(...args));
  }
}

function translatedDomains(domains: Domains): Domains {
  return {
    find: (name) => inWords(READING, () => domains.find(name)),
    list: () => inWords(READING, () => domains.list()),
    isLocal: (name) => inWords(READING, () => domains.isLocal(name)),
    uses: () => inWords(READING, () => domains.uses()),
    create: (record) => inWords(CHANGING, () => domains.create(record)),
    changeKeys: (name, change) => inWords(CHANGING, () => domains.changeKeys(name, change)),
    changeQuota: (...args) => inWords(CHANGING, () => domains.changeQuota(...args)),
    quotaOf: (name) => domains.quotaOf(name),
    totalOf: (name) => domains.totalOf(name),
    remove: (name) => inWords(CHANGING, () => domains.remove(name)),
    findAlias: (address) => inWords(READING, () => domains.findAlias(address)),
    listAliases: () => inWords(READING, () => domains.listAliases()),
    changeAlias: (address, change) => inWords(CHANGING, () => domains.changeAlias(address, change)),
  };
}
