// Storage to try the example with: an S3-compatible server over a folder, as the tests use it. Not for production.
//   node s3.mjs FOLDER [PORT] [HOST]      prints its address; user and password are S3RVER
import { mkdirSync } from 'node:fs'
import S3rver from '@20minutes/s3rver'

const [folder, port = '9000', address = '127.0.0.1'] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })
// Signatures are not compared: this server reckons those of listings in another way than the present AWS client.
const server = new S3rver({ directory: folder, address, port: Number(port), silent: true, allowMismatchedSignatures: true, configureBuckets: ['source', 'target', 'job'].map((name) => ({ name, configs: [] })) })
const bound = await server.run()
console.log(`http://${bound.address}:${bound.port}`)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void server.close().then(() => process.exit(0)))
