// A disk with little room, where this machine lets a test mount one.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Whether a test may mount. */
export const mounts: boolean = (() => {
  const place = mkdtempSync(join(tmpdir(), 'countermark-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100k', 'tmpfs', place], { stdio: 'ignore' })
    execFileSync('umount', [place])
    return true
  } catch {
    return false
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
})()

/** Puts a disk of that size (as mount writes it) there until the test ends; gives what changes its size. */
export function disk(place: string, size: string): (size: string) => void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', place])
  onTestFinished(() => void execFileSync('umount', ['-l', place]))
  return (other) => void execFileSync('mount', ['-o', `remount,size=${other}`, place])
}
