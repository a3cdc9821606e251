// Logs, spans and metrics of every call, for a logger of the usual form and for OpenTelemetry, of which nothing is loaded here.
import type { Countermark } from '../countermark.js'
import { CountermarkError, messageOf } from '../errors.js'

type Attributes = { [name: string]: string | number | boolean }
interface Span { setAttributes(attributes: Attributes): unknown; recordException(error: Error): unknown; setStatus(status: { code: number; message?: string }): unknown; end(): unknown }

/** Who is told. `logger`: pino, winston, console. `tracer`, `meter`: of @opentelemetry/api. */
export interface Observers {
  logger?: { info(fields: object, message: string): unknown; error(fields: object, message: string): unknown }
  tracer?: { startSpan(name: string): Span }
  meter?: { createHistogram(name: string, options: { unit: string; description: string }): { record(value: number, attributes: Attributes): unknown } }
}

/** OpenTelemetry's SpanStatusCode.ERROR. */
const FAILED = 2

/**
 * `observed(createCountermark({ ... }), { logger, tracer, meter })`: the same object, whose `mark`, `verify` and `propagate` tell of every
 * call: a span `countermark.mark`, a histogram `countermark.duration` in milliseconds, a line of the log. Content, prompts and people are never
 * told; content numbers are, and the messages of errors, which may name a path that the call was given.
 */
export function observed<C extends Pick<Countermark<any>, 'mark' | 'verify' | 'propagate'>>(countermark: C, { logger, tracer, meter }: Observers): C {
  const duration = meter?.createHistogram('countermark.duration', { unit: 'ms', description: 'Time of a call of Countermark' })
  const watched = (name: 'mark' | 'verify' | 'propagate') => async (...given: never[]): Promise<unknown> => {
    const start = performance.now()
    const span = tracer?.startSpan(`countermark.${name}`)
    const tell = (facts: Attributes, thrown?: unknown): void => {
      const attributes = { 'countermark.call': name, ...facts }
      const ms = Math.round(performance.now() - start)
      duration?.record(ms, attributes)
      span?.setAttributes(attributes)
      if (thrown === undefined) logger?.info({ ...attributes, ms }, `countermark ${name}`)
      else {
        const message = messageOf(thrown)
        span?.recordException(thrown instanceof Error ? thrown : new Error(message))
        span?.setStatus({ code: FAILED, message })
        logger?.error({ ...attributes, ms, message }, `countermark ${name} failed`)
      }
    }
    try {
      const result = await (countermark[name] as (...all: never[]) => Promise<{ type?: string; verdict?: string; status?: string; produceId?: string }>)(...given)
      const { type, verdict, status, produceId } = result
      tell(Object.fromEntries(Object.entries({ type, verdict, status }).flatMap(([key, value]) => (value === undefined ? [] : [[`countermark.${key}`, value]]))))
      // A number of its own for every call: for spans and logs, not for metrics.
      if (produceId !== undefined) span?.setAttributes({ 'countermark.produce_id': produceId })
      return result
    } catch (thrown) {
      tell({ 'countermark.error': thrown instanceof CountermarkError ? thrown.code : 'ERR_INTERNAL' }, thrown)
      throw thrown
    } finally {
      span?.end()
    }
  }
  return { ...countermark, mark: watched('mark'), verify: watched('verify'), propagate: watched('propagate') }
}
