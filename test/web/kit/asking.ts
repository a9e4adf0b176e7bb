/** The small API of the webmail as its page asks it, without a browser. */
const SAME = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' };

export interface Asked {
  readonly status: number;
  readonly value: Readonly<Record<string, unknown>>;
  /** The one that came with the answer, or the one that was sent. */
  readonly cookie: string;
}

export class Asker {
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  get(path: string, cookie = ''): Promise<Asked> {
    return this.#ask(path, { headers: { ...SAME, cookie } }, cookie);
  }

  post(path: string, body: object, cookie = ''): Promise<Asked> {
    return this.#ask(
      path,
      { method: 'POST', body: JSON.stringify(body), headers: { ...SAME, cookie } },
      cookie,
    );
  }

  async #ask(path: string, init: RequestInit, before: string): Promise<Asked> {
    const response = await fetch(this.#origin + path, init);
    const text = await response.text();
    const [cookie = before] = response.headers.get('set-cookie')?.split(';') ?? [];
    return { status: response.status, value: text === '' ? {} : JSON.parse(text), cookie };
  }
}
