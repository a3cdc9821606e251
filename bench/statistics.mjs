// What is said of many trials.

/** Wilson's 95 % interval of a share. */
export function wilson(hits, trials) {
  if (trials === 0) return [0, 1]
  const z = 1.959964
  const share = hits / trials
  const middle = share + (z * z) / (2 * trials)
  const reach = z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials))
  const whole = 1 + (z * z) / trials
  // At 0 and at all hits the formula's own bound is exact; rounding must not move it.
  return [hits === 0 ? 0 : (middle - reach) / whole, hits === trials ? 1 : (middle + reach) / whole]
}

/** The largest chance at which so few hits still come about in 5 of 100 studies (Clopper and Pearson 1934, one-sided). */
export function upperBound(hits, trials) {
  if (hits >= trials) return 1
  let [low, high] = [hits / trials, 1]
  for (let round = 0; round < 60; round++) {
    const chance = (low + high) / 2
    // The chance of at most `hits`, term by term.
    let term = trials * Math.log1p(-chance)
    let sum = 0
    for (let count = 0; count <= hits; count++) {
      sum += Math.exp(term)
      term += Math.log(((trials - count) / (count + 1)) * (chance / (1 - chance)))
    }
    if (sum > 0.05) low = chance
    else high = chance
  }
  return high
}

/** The value below which `share` of the numbers lie. */
export function quantile(numbers, share) {
  if (numbers.length === 0) return NaN
  const sorted = [...numbers].sort((a, b) => a - b)
  const at = share * (sorted.length - 1)
  const low = Math.floor(at)
  const high = Math.min(low + 1, sorted.length - 1)
  return sorted[low] + (at - low) * (sorted[high] - sorted[low])
}

export const median = (numbers) => quantile(numbers, 0.5)

/** -log10 of a p-value, which may have underflowed. */
export const strength = (p) => (p === undefined ? 0 : -Math.log10(Math.max(p, 1e-300)))

/**
 * The chance of a p-value of at most `goal`, from an exponential fit of the tail: with exact p-values, -ln p beyond
 * -ln `from` is exponential with rate 1. `groups`: per picture its trials and its p-values of at most `from`; the
 * interval resamples pictures, since trials on one picture are not independent.
 */
export function tailFit(groups, from, goal, random, rounds = 1000) {
  const fit = (sample) => {
    let trials = 0
    let count = 0
    let excess = 0
    for (const group of sample) {
      trials += group.trials
      count += group.small.length
      for (const p of group.small) excess += Math.log(from) - Math.log(Math.max(p, 1e-300))
    }
    if (count === 0 || excess === 0) return undefined
    const rate = count / excess
    return { rate, chance: (count / trials) * Math.exp(-rate * (Math.log(from) - Math.log(goal))) }
  }
  const whole = fit(groups)
  if (whole === undefined) return undefined
  const chances = []
  for (let round = 0; round < rounds; round++) {
    const drawn = fit(groups.map(() => groups[random.whole(groups.length)]))
    if (drawn !== undefined) chances.push(drawn.chance)
  }
  return { ...whole, low: quantile(chances, 0.025), high: quantile(chances, 0.975) }
}
