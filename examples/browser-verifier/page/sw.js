// Keeps the whole page on the device. build.mjs puts in which files, and a name that changes with any of them.
const CACHE = 'countermark-VERSION'
const FILES = []

self.addEventListener('install', (event) => event.waitUntil(save()))
self.addEventListener('activate', (event) => event.waitUntil(settle()))
self.addEventListener('fetch', (event) => {
  if (event.request.method === 'GET') event.respondWith(kept(event.request))
})

async function save() {
  const cache = await caches.open(CACHE)
  await cache.addAll(FILES.map((file) => new Request(file, { cache: 'no-cache' })))
}

async function settle() {
  for (const name of await caches.keys()) if (name.startsWith('countermark-') && name !== CACHE) await caches.delete(name)
  await self.clients.claim()
}

async function kept(request) {
  const cache = await caches.open(CACHE)
  return (await cache.match(request, { ignoreSearch: true })) ?? fetch(request)
}
