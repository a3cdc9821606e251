/**
 * The algorithms that C2PA lets a soft binding name (C2PA 2.2, 9.3): the public list c2pa-org/softbinding-algorithm-list of
 * 2026-04-15, CC BY 4.0. A later one may hold more, so that an absent name is a warning and no error (rule C4).
 */
export const SOFT_BINDING_ALGORITHMS: ReadonlySet<string> = new Set([
  'ai.contentlens.audio.mono', 'ai.contentlens.audio.stereo', 'ai.contentlens.image.basewmk', 'ai.contentlens.image.customwmk', 'ai.contentlens.image.ensemblewmk',
  'ai.steg.api', 'ai.trufo.gen1.image', 'ai.trufo.gen1.image-lite', 'app.overlai.watermark.1', 'castLabs.watermark.1', 'com.adobe.icn.dense', 'com.adobe.trustmark.C',
  'com.adobe.trustmark.P', 'com.adobe.trustmark.Q', 'com.aiwatermark.audioseal.1', 'com.aiwatermark.pixelseal.1', 'com.aiwatermark.videoseal.1', 'com.digicaps.fingerprint.1',
  'com.digimarc.validate.1', 'com.imatag.lamark.v1', 'com.markany.watermark.1', 'com.mentaport.watermark.1', 'com.microsoft.invismark.1', 'com.microsoft.wavmark.1',
  'com.nagra.nexguard.watermark.1', 'com.sonicorigin.watermark.1', 'com.verimatrix.watermark.1', 'com.writerslogic.zwc-watermark.1', 'es.lumatrace', 'io.iscc.v0', 'org.atsc.a336',
  'tv.kinetiq.watercast.48.1',
])
