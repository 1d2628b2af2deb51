import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** How a program ended. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it said on its standard error. */
  readonly errors: string;
}

/** A program of the tests in a process of its own, which runs the built package. */
export class ChildProgram {
  readonly child: ChildProcess;
  /** Resolves when the process is gone. */
  readonly ended: Promise<ProgramEnd>;
  /** What it said on its standard output, line by line. */
  readonly lines: string[] = [];
  readonly #waiting: { readonly prefix: string; readonly resolve: (line: string) => void; readonly reject: (error: Error) => void }[] = [];
  #errors = '';
  #isOver = false;

  constructor(program: URL, options: { readonly argument?: unknown; readonly nodeFlags?: readonly string[]; readonly cwd?: string } = {}) {
    const { argument, nodeFlags = [], cwd } = options;
    const given = argument === undefined ? [] : [JSON.stringify(argument)];
    this.child = spawn(process.execPath, [...nodeFlags, fileURLToPath(program), ...given], {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
    });
    const { stdout, stderr, stdin } = this.child;
    if (stdout === null || stderr === null || stdin === null) throw new Error('the child has no pipes');
    // A killed child's pipe is nobody's error.
    stdin.on('error', () => undefined);
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    createInterface({ input: stdout }).on('line', (line) => this.#heard(line));
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        this.#isOver = true;
        for (const { prefix, reject: fail } of this.#waiting.splice(0)) {
          fail(new Error(`The program ended (${code ?? signal}) before it said ${JSON.stringify(prefix)}: ${this.#errors}`));
        }
        resolve({ code, signal, errors: this.#errors });
      });
    });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the child has not started');
    return this.child.pid;
  }

  /** The first line that begins so, now or later. */
  async said(prefix: string): Promise<string> {
    const known = this.lines.find((line) => line.startsWith(prefix));
    if (known !== undefined) return known;
    if (this.#isOver) throw new Error(`The program has ended without ${JSON.stringify(prefix)}: ${this.#errors}`);
    return await new Promise((resolve, reject) => {
      this.#waiting.push({ prefix, resolve, reject });
    });
  }

  /** Writes a line to its standard input. */
  tell(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<ProgramEnd> {
    this.child.kill(signal);
    return await this.ended;
  }

  /** Ends with exit code 0, or the test fails with what the program said. */
  async succeeded(): Promise<void> {
    const { code, signal, errors } = await this.ended;
    if (code !== 0) throw new Error(`The program ended with ${code ?? signal}: ${errors}\n${this.lines.slice(-5).join('\n')}`);
  }

  #heard(line: string): void {
    this.lines.push(line);
    for (const waiter of this.#waiting.filter(({ prefix }) => line.startsWith(prefix))) {
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      waiter.resolve(line);
    }
  }
}
