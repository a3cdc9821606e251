// `countermark/element`: importing it makes <countermark-verifier> known.
import { defineVerifierElement } from './element.js'

export { CountermarkVerifierElement, defineVerifierElement, type ElementOptions } from './element.js'

defineVerifierElement()
