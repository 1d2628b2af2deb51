import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, truncateSync, writeSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';

/** Why no small disk can be made here, or `undefined` where it can. */
export function whyNoSmallDisk(): string | undefined {
  if (platform() !== 'linux') return 'needs Linux';
  return process.getuid?.() === 0 ? undefined : 'needs root';
}

/** A file system in memory that is small enough to be filled. */
export class TmpfsDisk {
  readonly mountPoint: string;
  readonly #filler: string;

  constructor(folder: string, megabytes: number) {
    this.mountPoint = join(folder, 'mount');
    this.#filler = join(this.mountPoint, 'filler');
    mkdirSync(this.mountPoint);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', this.mountPoint]);
  }

  /** Fills the disk and leaves about so many bytes. */
  fill(leaveBytes: number): void {
    const file = openSync(this.#filler, 'w');
    const piece = Buffer.alloc(65_536, 1);
    let size = 0;
    try {
      for (;;) size += writeSync(file, piece);
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
    truncateSync(this.#filler, Math.max(0, size - leaveBytes));
  }

  empty(): void {
    rmSync(this.#filler, { force: true });
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.mountPoint);
    return bavail * bsize;
  }

  remove(): void {
    execFileSync('umount', [this.mountPoint]);
  }
}
