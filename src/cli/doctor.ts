import type { Diagnosis } from '../index.js'
import type { Speech } from './language.js'

/** The lines that `countermark doctor` prints. */
export function doctorLines({ countermark, node, platform, engines, sharp, key, c2pa, ffmpeg }: Diagnosis & { countermark: string }, speech: Speech): string[] {
  const works = (ok: boolean, problem?: string): string => (ok ? speech.say('works') : `${speech.say('broken')}: ${speech.text(problem ?? '')}`)
  return [
    `countermark ${countermark}, Node ${node}, ${platform}`,
    ...engines.map(({ kind, version, ok, problem, built }) => `${kind}${version === undefined ? '' : ` ${version}`}: ${built === false ? speech.say(kind === 'wasm' ? 'notBuiltWasm' : 'notBuilt') : works(ok, problem)}`),
    `sharp ${sharp.version ?? ''}${sharp.libvips === undefined ? '' : `, libvips ${sharp.libvips}`}: ${works(sharp.ok, sharp.problem)}`,
    ...(sharp.ok ? [`  ${speech.say('readKinds')}: ${sharp.read?.join(' ') ?? ''}`, `  ${speech.say('writtenKinds')}: ${sharp.write?.join(' ') ?? ''}`] : []),
    key.ok ? (key.path === undefined ? speech.say('usedKeyPublic') : speech.say('usedKey', { id: key.id ?? '', path: key.path })) : `${key.path ?? ''}: ${works(false, key.problem)}`,
    `C2PA: ${c2pa.ok ? speech.say('works') : speech.say('optional')}`,
    ...(ffmpeg.encoders === undefined ? [] : [speech.say('filmEncoders', { list: Object.entries(ffmpeg.encoders).map(([codec, names]) => `${codec} ${names.join('/') || '-'}`).join(', ') })]),
    ...(ffmpeg.path === undefined ? [] : [`ffprobe: ${ffmpeg.ffprobe ?? speech.text(ffmpeg.problem ?? '')}`]),
    `ffmpeg${ffmpeg.version === undefined ? '' : ` ${ffmpeg.version}`}: ${ffmpeg.path ?? speech.say('absent')}`,
  ]
}
