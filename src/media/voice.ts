// A label spoken on this machine by espeak-ng, where the caller asks for it.
import { CountermarkError } from '../errors.js'
import type { Deadline } from '../limits.js'
import { programPath, run } from './ffmpeg.js'

const REMEDY = 'Install espeak-ng, or name it by label.voice (--label-voice PROGRAM) or COUNTERMARK_ESPEAK, or give a clip as label.audio (--label-audio), or leave both out for the rhythm.'

/** espeak-ng: the program that is asked for, else COUNTERMARK_ESPEAK, else PATH. ERR_MISSING without any. */
export function espeakProgram(asked?: string): string {
  const named = asked ?? process.env['COUNTERMARK_ESPEAK']
  const path = named === undefined || named === '' ? (programPath('espeak-ng') ?? programPath('espeak')) : programPath(named)
  if (path !== undefined) return path
  throw new CountermarkError('ERR_MISSING', named ? `There is no program ${named}.` : 'A spoken label needs espeak-ng, which was not found.', { remedy: REMEDY })
}

/** One sentence in the voice of its language. Gives a WAV. */
export async function speak(program: string, text: string, deadline: Deadline): Promise<Uint8Array> {
  const chinese = /[\u4e00-\u9fff]/.test(text)
  // 120 to 160 characters a minute of Chinese (GB 45438-2025, 5.3 b): 165 of espeak's words a minute make about 140.
  const args = ['-v', chinese ? 'cmn' : 'en', '-s', chinese ? '165' : '150', '--stdout', text]
  const parts: Uint8Array[] = []
  for await (const part of run(program, args, deadline).output) parts.push(part)
  if (parts.length === 0) throw new CountermarkError('ERR_BROKEN', `${program} gave no sound.`, { remedy: REMEDY })
  return Buffer.concat(parts)
}
