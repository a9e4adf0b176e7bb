/**
 * The remote control that Mozilla's programs have built in (`--marionette`): messages of JSON with their length in front, over TCP on
 * loopback. Scripts run inside the program, with everything it has.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

type Answer = readonly [
  kind: 1,
  id: number,
  error: { error: string; message: string } | null,
  result: unknown,
];

export class Marionette {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #buffer = Buffer.alloc(0);
  #lastId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, bytes]);
      this.#read();
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the program is gone'));
      this.#waiting.clear();
    });
  }

  /** With a session, in which scripts see the program itself and may take this long. */
  static async connect(port: number, scriptMs: number): Promise<Marionette> {
    const socket = connect({ host: '127.0.0.1', port });
    await once(socket, 'connect');
    const marionette = new Marionette(socket);
    await marionette.#call('WebDriver:NewSession', {});
    await marionette.#call('WebDriver:SetTimeouts', { script: scriptMs });
    await marionette.#call('Marionette:SetContext', { value: 'chrome' });
    return marionette;
  }

  /** Runs the body of an async function with `args` and gives what it returns, which is JSON. */
  async run(body: string, ...args: readonly unknown[]): Promise<unknown> {
    const script = `const args = [...arguments]; return (async () => { ${body} })();`;
    const result = await this.#call('WebDriver:ExecuteScript', { script, args, sandbox: 'system' });
    return (result as { value: unknown }).value;
  }

  /** Tells the program to end, which closes the connection. */
  async quit(): Promise<void> {
    await this.#call('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => {});
    this.#socket.destroy();
  }

  #call(name: string, parameters: object): Promise<unknown> {
    const id = ++this.#lastId;
    const text = JSON.stringify([0, id, name, parameters]);
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    this.#socket.write(`${Buffer.byteLength(text)}:${text}`);
    return answer.promise;
  }

  #read(): void {
    for (;;) {
      const colon = this.#buffer.indexOf(':');
      if (colon < 0) return;
      const end = colon + 1 + Number(this.#buffer.toString('latin1', 0, colon));
      if (this.#buffer.length < end) return;
      const message = JSON.parse(this.#buffer.toString('utf8', colon + 1, end)) as Answer | object;
      this.#buffer = this.#buffer.subarray(end);
      // What comes first is no answer: who it is.
      if (Array.isArray(message)) this.#settle(message as unknown as Answer);
    }
  }

  #settle([, id, error, result]: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === null) waiting?.resolve(result);
    else waiting?.reject(new Error(`${error.error}: ${error.message}`));
  }
}
