// One line for the user of a framework: countermark/adapters. None of the frameworks is loaded here.
export { markImageModel } from './ai.js'
export { markExpress } from './express.js'
export { markFastify } from './fastify.js'
export { markedFetch } from './fetch.js'
export { markedResponse } from './response.js'
export type { AdapterSettings, Marker } from './response.js'
export { markHandler, markHono } from './web.js'
