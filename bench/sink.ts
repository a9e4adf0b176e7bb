/** Where mail for elsewhere ends: Postfix's smtp-sink, which takes everything and keeps nothing but the count. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts } from './ports.ts';

const BACKLOG = 256;
const LOOK_MS = 20;
/** So long nothing has come that nothing more will. */
const PATIENCE_MS = 60_000;

export class MailSink {
  readonly port: number;
  readonly #child: ChildProcess;
  #count = 0;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
    let rest = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      // sess=1 quit=1 mesg=17, again and again, a carriage return between them.
      const said = (rest + chunk.toString('latin1')).slice(-1000);
      const end = said.lastIndexOf('\r');
      rest = said.slice(end + 1);
      this.#count = Number(/mesg=(\d+)$/.exec(said.slice(0, Math.max(end, 0)))?.[1] ?? this.#count);
    });
  }

  /** On the core of the load, as whoever starts it is. */
  static async start(): Promise<MailSink> {
    const [port = 0] = await freePorts(1);
    const args = ['-c', '-u', 'nobody', `127.0.0.1:${port}`, String(BACKLOG)];
    const child = spawn('smtp-sink', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await pause(300);
    if (child.exitCode !== null) throw new Error('smtp-sink does not run');
    return new MailSink(port, child);
  }

  /** Messages so far. */
  get count(): number {
    return this.#count;
  }

  async until(count: number): Promise<void> {
    let seen = this.#count;
    let seenMs = performance.now();
    while (this.#count < count) {
      await pause(LOOK_MS);
      if (this.#count !== seen) {
        seen = this.#count;
        seenMs = performance.now();
      } else if (performance.now() - seenMs > PATIENCE_MS)
        throw new Error(`${this.#count} messages left, and no more, where ${count} should`);
    }
  }

  stop(): void {
    this.#child.kill();
  }
}
