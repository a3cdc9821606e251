// What the detector says of a picture, held against what was put in.

export async function readBack(engine, picture, key, effort, payload, wanted) {
  const start = performance.now()
  try {
    const [found] = await engine.imageDetect(picture, { keys: [key], effort })
    const ms = performance.now() - start
    const read = found.found ? found.payload : undefined
    // A carrier may hold a prefix; it must be as long as the study asks.
    const same = read !== undefined && payload.startsWith(read)
    return {
      ms, p: found.pValue, present: found.found && (found.pValue ?? 1) <= 1e-6,
      whole: same && read.length * 4 >= wanted, wrong: read !== undefined && !same,
    }
  } catch (thrown) {
    return { ms: performance.now() - start, present: false, whole: false, wrong: false, error: thrown.message }
  }
}
