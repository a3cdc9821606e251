// Films that tests make themselves with ffmpeg, and what an independent reader says of them.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { babble, ffmpeg, wavOf } from './sounds.js'

/** A picture that moves and has grain: it hides a mark, and no frame is like another. */
export function scene(seconds: number, size = '640x360', rate = '25'): string[] {
  return ['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${rate}:d=${seconds},noise=alls=12:allf=t:all_seed=3`]
}

/** Input arguments of a sound that can carry a mark, written to `folder`. */
export function speech(folder: string, seconds: number): string[] {
  const path = join(folder, `speech-${seconds}.wav`)
  writeFileSync(path, wavOf(babble(seconds, 24_000)))
  return ['-i', path]
}

/** Runs ffmpeg on inputs and writes `path`. */
export function made(path: string, ...args: string[]): string {
  execFileSync(ffmpeg!, ['-v', 'error', '-y', ...args, path], { stdio: ['ignore', 'pipe', 'pipe'] })
  return path
}

/** One stream as ffprobe tells of it. */
export interface Probed { index: number; codec_type: string; codec_name: string; [fact: string]: unknown; tags?: { [key: string]: string }; disposition?: { [name: string]: number }; side_data_list?: { rotation?: number }[] }

/** What ffprobe says of a file. */
export function filmFacts(path: string): { streams: Probed[]; format: { tags?: { [key: string]: string }; duration?: string; size: string }; chapters: unknown[] } {
  return JSON.parse(execFileSync('ffprobe', ['-v', 'error', '-show_streams', '-show_format', '-show_chapters', '-of', 'json', path], { encoding: 'utf8' })) as ReturnType<typeof filmFacts>
}

/** When each frame of a film is shown, in seconds, as ffprobe decodes it. */
export function times(path: string): number[] {
  const said = execFileSync('ffprobe', ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'frame=pts_time', '-of', 'csv=p=0', path], { encoding: 'utf8', maxBuffer: 1 << 28 })
  return said.split('\n').map((line) => line.replace(/,.*$/, '')).filter(Boolean).map(Number)
}

/** A hash of each packet of a stream. */
export function packets(path: string, map: string): string[] {
  const said = execFileSync(ffmpeg!, ['-v', 'error', '-i', path, '-map', map, '-c', 'copy', '-f', 'framemd5', 'pipe:1'], { encoding: 'utf8', maxBuffer: 1 << 28 })
  return said.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(',').at(-1)!.trim())
}
