// The page around the element: its language, the rules that are asked for, and working without a network.
import './countermark/dist/element/index.js'

const root = document.documentElement
const OFFLINE = {
  en: { ready: 'Saved on this device: this page now works without a network.', failed: 'This browser could not save the page; it works while it is open.' },
  zh: { ready: '已保存到本机：此页面现在无需联网即可使用。', failed: '浏览器未能保存此页面；页面打开期间仍可使用。' },
}
let offline

function speak(language) {
  root.lang = language
  const short = language.startsWith('zh') ? 'zh' : 'en'
  document.title = short === 'zh' ? 'Countermark 标识核验' : 'Countermark verifier'
  for (const button of document.querySelectorAll('[data-speak]')) button.setAttribute('aria-pressed', String(button.dataset.speak.startsWith(short)))
  for (const option of document.querySelectorAll('option')) option.textContent = option.dataset[short]
  document.querySelector('#offline').textContent = offline === undefined ? '' : OFFLINE[short][offline]
}

const asked = new URLSearchParams(location.search).get('lang') ?? navigator.language
speak(asked.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en')
for (const button of document.querySelectorAll('[data-speak]')) button.addEventListener('click', () => speak(button.dataset.speak))
document.querySelector('#policy').addEventListener('change', ({ target }) => document.querySelector('countermark-verifier').setAttribute('policy', target.value))

// What is needed for every kind of file comes now, so that nothing is asked for once files are here.
try {
  await navigator.serviceWorker.register('sw.js')
  await navigator.serviceWorker.ready
  offline = 'ready'
} catch {
  offline = 'failed'
}
speak(root.lang)
