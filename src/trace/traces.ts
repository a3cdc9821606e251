// What other generators leave in files: a table, and who of it is in a list of texts. Recognised, never removed; a trace makes
// content "suspected" (Labeling Measures Art. 6(3)), since anybody can write one.
import type { TraceEvidence } from '../types.js'

/** One text of a file, as every container can give it: `place` is its kind of place, e.g. `PNG text`, `EXIF`, `ID3`, `MP4`. */
export interface TraceText { place: string; key: string; value: string }

/** One row: all of place, key and value must fit. */
export interface Trace {
  generator: string
  /** Undefined: any place. */
  place?: RegExp
  key: RegExp
  value: RegExp
  /** Where this is known from. */
  source: string
}

const AI_TYPE = /\/(trainedAlgorithmicMedia|compositeWithTrainedAlgorithmicMedia)$/
const STEPS = /\bSteps: \d+, .*\b(Sampler|CFG scale|Seed): /s

/** Every trace that is known, the most telling first. */
export const TRACES: readonly Trace[] = [
  // C2PA: the manifest is not validated here, so it is a trace and no more. Google's generator is left out: cameras use it too.
  { generator: 'Adobe Firefly', place: /^C2PA$/, key: /^claim_generator$/, value: /^Adobe_Firefly\b/, source: 'files of the service: claim_generator Adobe_Firefly' },
  { generator: 'OpenAI', place: /^C2PA$/, key: /^claim_generator$/, value: /^(OpenAI|ChatGPT|DALL[·.-]?E|Sora)\b/i, source: 'help.openai.com: C2PA in ChatGPT images' },
  { generator: 'Microsoft Image Creator', place: /^C2PA$/, key: /^claim_generator$/, value: /^Microsoft[_ ]Responsible[_ ]AI\b/, source: 'files of the service: claim_generator Microsoft_Responsible_AI/1.0' },
  { generator: 'FLUX', place: /^C2PA$/, key: /^claim_generator$/, value: /^Black Forest Labs\b/, source: 'files of the service: claim_generator Black Forest Labs API' },
  { generator: 'a model (C2PA source type)', place: /^C2PA$/, key: /^digitalSourceType$/, value: AI_TYPE, source: 'C2PA 2.2, 18.14: digitalSourceType of actions' },
  // IPTC.
  { generator: 'a model (IPTC AISystemUsed)', place: /^XMP$/, key: /^Iptc4xmpExt:AISystemUsed$/, value: /\S/, source: 'IPTC Photo Metadata 2025.1' },
  { generator: 'Midjourney', key: /^(Description|dc:description|ImageDescription)$/, value: /\bJob ID: [0-9a-f]{8}-[0-9a-f-]{27}/, source: 'files of the service: PNG text Description with Job ID' },
  { generator: 'Google AI', place: /^XMP$/, key: /^photoshop:Credit$/, value: /^Made with Google AI$/, source: 'Google Photos and Gemini: IPTC Credit "Made with Google AI"' },
  // Tools that run on the user's own machine.
  { generator: 'Fooocus', place: /^PNG text$/, key: /^fooocus_scheme$/, value: /\S/, source: 'lllyasviel/Fooocus, modules/private_logger.py' },
  { generator: 'SwarmUI', key: /^(parameters|UserComment)$/, value: /"sui_image_params"\s*:/, source: 'mcmonkeyprojects/SwarmUI' },
  { generator: 'Stable Diffusion (parameters)', key: /^(parameters|UserComment|exif:UserComment)$/, value: STEPS, source: 'AUTOMATIC1111/stable-diffusion-webui, modules/images.py' },
  { generator: 'ComfyUI', key: /^prompt$/i, value: /"class_type"\s*:/, source: 'comfyanonymous/ComfyUI, nodes.py SaveImage' },
  { generator: 'ComfyUI', key: /^workflow$/i, value: /"(last_node_id|nodes)"\s*:/, source: 'comfyanonymous/ComfyUI, nodes.py SaveImage' },
  { generator: 'InvokeAI', key: /^(invokeai_metadata|invokeai_graph|invokeai_workflow|sd-metadata)$/, value: /^\s*\{/, source: 'invoke-ai/InvokeAI, image_files' },
  { generator: 'InvokeAI', place: /^PNG text$/, key: /^Dream$/, value: /-s ?\d+/, source: 'invoke-ai/InvokeAI before version 3' },
  { generator: 'NovelAI', key: /^Software$/, value: /^NovelAI\b/, source: 'files of the service: PNG text Software' },
  { generator: 'Draw Things', key: /^(xmp:CreatorTool|Software)$/, value: /^Draw Things\b/, source: 'files of the application: XMP CreatorTool' },
  // EXIF.
  { generator: 'Grok', place: /^EXIF$/, key: /^(ImageDescription|UserComment)$/, value: /^Signature: [A-Za-z0-9+/=]{80,}/, source: 'files of the service: EXIF ImageDescription' },
  { generator: 'a generator (Software)', key: /^(Software|xmp:CreatorTool|encoder|encoded_by|TSSE|TENC)$/i, value: /^(Midjourney|DALL[·.-]?E|Stable[ -]Diffusion|AUTOMATIC1111|ComfyUI|InvokeAI|Adobe Firefly|Bing Image Creator|Leonardo\.?AI|Ideogram|Suno|Udio|ElevenLabs|Kling|Runway)\b/i, source: 'names that the services themselves give' },
  // Sound and video, for containers that give their tags as texts.
  { generator: 'Suno', key: /^(comment|COMM|©cmt|description)$/i, value: /\bmade with suno\b/i, source: 'files of the service: comment "made with suno"' },
  { generator: 'InvokeAI', place: /^(MP4|MOV)$/, key: /invokeai_metadata$/, value: /^\s*\{/, source: 'invoke-ai/InvokeAI, keyed metadata of videos' },
]

/** Every generator that left a trace in these texts, each once. */
export function tracesIn(texts: readonly TraceText[]): TraceEvidence[] {
  const found = new Map<string, TraceEvidence>()
  for (const { place, key, value } of texts) {
    const row = TRACES.find((one) => (one.place?.test(place) ?? true) && one.key.test(key) && one.value.test(value))
    if (row !== undefined && !found.has(row.generator))
      found.set(row.generator, { kind: 'trace', found: true, generator: row.generator, location: key === '' ? place : `${place} ${key}`, value: value.slice(0, 200) })
  }
  return [...found.values()]
}
