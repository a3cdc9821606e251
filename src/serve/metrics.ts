// What is counted, in the text form of Prometheus (exposition format 0.0.4).

const BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Counters of one server. */
export class Metrics {
  readonly #requests = new Map<string, number>()
  readonly #seconds = new Map<string, { counts: number[]; sum: number; count: number }>()
  readonly #verdicts = new Map<string, number>()
  readonly #bytes = { in: 0, out: 0 }

  /** One request that was answered. */
  answered(route: string, status: number, seconds: number): void {
    add(this.#requests, `route="${route}",status="${status}"`)
    let one = this.#seconds.get(route)
    if (one === undefined) this.#seconds.set(route, (one = { counts: BOUNDS.map(() => 0), sum: 0, count: 0 }))
    BOUNDS.forEach((bound, at) => { if (seconds <= bound) one.counts[at]!++ })
    one.sum += seconds
    one.count++
  }

  judged(route: string, verdict: string): void {
    add(this.#verdicts, `route="${route}",verdict="${verdict}"`)
  }

  moved(way: 'in' | 'out', bytes: number): void {
    this.#bytes[way] += bytes
  }

  text(now: { working: number; waiting: number; entries?: number }): string {
    const lines: string[] = []
    const say = (name: string, kind: string, help: string, values: Iterable<[string, number]>): void => {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`)
      for (const [labels, value] of values) lines.push(`${name}${labels === '' ? '' : `{${labels}}`} ${value}`)
    }
    say('countermark_requests_total', 'counter', 'Requests that were answered.', this.#requests)
    say('countermark_verdicts_total', 'counter', 'Verdicts of outputs and of files that were verified.', this.#verdicts)
    say('countermark_bytes_total', 'counter', 'Bytes of files received and sent.', [['way="in"', this.#bytes.in], ['way="out"', this.#bytes.out]])
    say('countermark_working', 'gauge', 'Files in work.', [['', now.working]])
    say('countermark_waiting', 'gauge', 'Requests that wait for a place.', [['', now.waiting]])
    if (now.entries !== undefined) say('countermark_ledger_entries', 'gauge', 'Number of the newest entry that this server wrote.', [['', now.entries]])
    lines.push('# HELP countermark_seconds Time from the request to its answer.', '# TYPE countermark_seconds histogram')
    for (const [route, { counts, sum, count }] of this.#seconds) {
      BOUNDS.forEach((bound, at) => lines.push(`countermark_seconds_bucket{route="${route}",le="${bound}"} ${counts[at]}`))
      lines.push(`countermark_seconds_bucket{route="${route}",le="+Inf"} ${count}`, `countermark_seconds_sum{route="${route}"} ${sum}`, `countermark_seconds_count{route="${route}"} ${count}`)
    }
    return `${lines.join('\n')}\n`
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
