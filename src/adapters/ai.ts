// The AI SDK (package `ai`, 6): middleware of an image model.
import { markedBytes, type AdapterSettings, type Marker } from './response.js'

/** What a model of pictures gives: base64 or bytes. */
interface Generated { images: string[] | Uint8Array[] }

/**
 * `wrapImageModel({ model, middleware: markImageModel(countermark) })`: every picture that the model makes is marked before
 * `generateImage` gives it. `options` is asked with the parameters of the model's call.
 */
export function markImageModel<Parameters = unknown>(marker: Marker, settings: Omit<AdapterSettings<Parameters>, 'types' | 'bytes'> = {}) {
  return {
    specificationVersion: 'v3' as const,
    wrapGenerate: async <R extends Generated>({ doGenerate, params }: { doGenerate: () => PromiseLike<R>; params: Parameters }): Promise<R> => {
      const made = await doGenerate()
      const images: (string | Uint8Array)[] = []
      for (const one of made.images) {
        const output = await markedBytes(marker, typeof one === 'string' ? Buffer.from(one, 'base64') : one, params, settings)
        images.push(typeof one === 'string' ? output.toString('base64') : new Uint8Array(output))
      }
      return { ...made, images: images as R['images'] }
    },
  }
}
