import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';

/** Why a power cut cannot be tried here, or `undefined` where it can. */
export function whyNoPowerCut(): string | undefined {
  if (platform() !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync('/dev/loop-control')) return 'needs loop devices';
  for (const tool of ['mkfs.ext4', 'mount', 'python3']) {
    try {
      execFileSync('which', [tool], { stdio: 'ignore' });
    } catch {
      return `needs ${tool}`;
    }
  }
  return undefined;
}

/** Stops the file system at once, without its journal: what is not on the disk by then never gets there. Prints when it began. */
const CUT = `
import fcntl, os, struct, sys, time
descriptor = os.open(sys.argv[1], os.O_RDONLY)
atMs = time.time() * 1000
fcntl.ioctl(descriptor, 0x8004587d, struct.pack('I', 2))
print(atMs)
`;

/** An ext4 file system in a file, whose power can be cut. */
export class Ext4Disk {
  readonly mountPoint: string;
  readonly #image: string;
  #isMounted = false;

  constructor(folder: string, megabytes = 384) {
    this.#image = join(folder, 'disk.img');
    this.mountPoint = join(folder, 'mount');
    mkdirSync(this.mountPoint);
    execFileSync('truncate', ['-s', `${megabytes}M`, this.#image]);
    execFileSync('mkfs.ext4', ['-q', '-F', this.#image]);
    this.mount();
  }

  mount(): void {
    execFileSync('mount', ['-o', 'loop', this.#image, this.mountPoint]);
    this.#isMounted = true;
  }

  /** Answers the instant at which the cut began, milliseconds since the epoch. */
  cutPower(): number {
    return Number(execFileSync('python3', ['-c', CUT, this.mountPoint], { encoding: 'utf8' }));
  }

  unmount(): void {
    if (!this.#isMounted) return;
    execFileSync('umount', [this.mountPoint]);
    this.#isMounted = false;
  }

  /** Replays the journal of the file system, as a machine does that starts again. */
  restart(): void {
    this.unmount();
    this.mount();
  }

  remove(): void {
    this.unmount();
    rmSync(this.#image, { force: true });
  }
}
