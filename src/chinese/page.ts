// What only the verifier of web pages says, in Chinese; see chinese.ts.

/** Sentences and their meaning. */
export const PAGE: readonly (readonly [english: string, chinese: string])[] = [
  ['The worker could not be started: {}', '无法启动 Worker：{1}'],
  ['The worker could not be started.', '无法启动 Worker'],
  ['The worker failed: {}', 'Worker 出错：{1}'],
  ['Serve the folder dist of the package from the page\'s own origin and name its {} as {}, or give {}.', '请从页面自身的源提供软件包的 dist 目录，并将其中的 {1} 设为 {2}，或设置 {3}'],
  ['The input or an option cannot be sent to a worker: {}', '输入或选项无法发送给 Worker：{1}'],
  ['The verifier was closed.', '核验器已关闭'],
  ['The WebAssembly module could not be loaded: {}', '无法加载 WebAssembly 模块：{1}'],
  ['The browser could not decode this {} file: {}', '浏览器无法解码该 {1} 文件：{2}'],
  ['The browser could not decode frame {} of this {} file: {}', '浏览器无法解码该 {2} 文件的第 {1} 帧：{3}'],
  ['The browser could not decode it: {}', '浏览器无法解码：{1}'],
  ['The browser could not open this {} file: {}', '浏览器无法打开该 {1} 文件：{2}'],
  ['The browser gives no canvas of {} x {} pixels.', '浏览器无法提供 {1} x {2} 像素的画布'],
  ['This browser lacks createImageBitmap or OffscreenCanvas.', '此浏览器缺少 createImageBitmap 或 OffscreenCanvas'],
  ['This browser has no WebCodecs, or the page did not come over https.', '此浏览器没有 WebCodecs，或页面不是通过 https 加载'],
  ['No picture could be found in this {} file.', '该 {1} 文件中找不到画面'],
  ['This browser cannot decode {} of this {} file.', '此浏览器无法解码该 {2} 文件的 {1}'],
  ['The browser finds no frame in this {} file that it can decode.', '浏览器在该 {1} 文件中找不到可解码的帧'],
  ['The code that opens films could not be loaded: {}', '无法加载打开视频所需的代码：{1}'],
  ['It lies in the folder {} of the package: serve that folder too.', '它位于软件包的 {1} 目录：请一并提供该目录'],
  ['The code for documents could not be loaded.', '无法加载文档所需的代码'],
  ['Only the metadata was looked at, not the film itself: {}', '只检查了元数据，未检查视频本身：{1}'],
]
