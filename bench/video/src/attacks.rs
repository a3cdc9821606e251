//! What is done to a marked clip before it is looked at.

/// One change.
pub struct Attack {
    pub name: &'static str,
    /// The target's row: payload from 3 s, in per cent.
    pub aim: u32,
    /// How the marked frames are coded: arguments of ffmpeg.
    pub code: &'static str,
    /// How that file is coded again; nothing where it is not.
    pub again: Option<&'static str>,
    /// The end of the file's name.
    pub kind: &'static str,
    /// Whether the size beside the unmarked clip's is compared.
    pub sized: bool,
}

/// What a service puts out.
const MASTER: &str = "-c:v libx264 -preset veryfast -crf 23 -pix_fmt yuv420p";

/// All changes, in the order of the targets.
pub fn all() -> Vec<Attack> {
    let coded = |name, aim, code, kind| Attack { name, aim, code, again: None, kind, sized: true };
    let changed = |name, aim, again| Attack { name, aim, code: MASTER, again: Some(again), kind: "mp4", sized: false };
    vec![
        coded("x264 CRF 23", 98, MASTER, "mp4"),
        coded("x264 CRF 28", 98, "-c:v libx264 -preset veryfast -crf 28 -pix_fmt yuv420p", "mp4"),
        coded("x264 CRF 35", 98, "-c:v libx264 -preset veryfast -crf 35 -pix_fmt yuv420p", "mp4"),
        coded("x265 CRF 30", 98, "-c:v libx265 -preset veryfast -x265-params log-level=error -crf 30 -pix_fmt yuv420p", "mp4"),
        coded(
            "VP9 CRF 35",
            98,
            "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -row-mt 1 -crf 35 -b:v 0 -pix_fmt yuv420p",
            "webm",
        ),
        coded("AV1 CRF 35", 98, "-c:v libsvtav1 -preset 10 -crf 35 -pix_fmt yuv420p", "mp4"),
        changed("to 480p", 98, "-vf scale=-2:480 -c:v libx264 -preset veryfast -crf 28"),
        changed("to 360p, 0.5 Mb/s", 98, "-vf scale=-2:360 -c:v libx264 -preset veryfast -b:v 500k -maxrate 700k -bufsize 1000k"),
        changed("half the frames", 98, "-vf fps=source_fps/2 -c:v libx264 -preset veryfast -crf 28"),
        changed("trim by 0.7 s", 98, "-ss 0.7 -c:v libx264 -preset veryfast -crf 28"),
        changed("second generation CRF 28", 98, "-c:v libx264 -preset veryfast -crf 28"),
        coded("x264 CRF 40", 90, "-c:v libx264 -preset veryfast -crf 40 -pix_fmt yuv420p", "mp4"),
        changed("crop keeping 50 %", 90, "-vf crop=iw*0.7071:ih*0.7071:iw*0.13:ih*0.21 -c:v libx264 -preset veryfast -crf 23"),
        changed("letterbox", 90, "-vf pad=iw:ih*1.25:0:ih*0.1 -c:v libx264 -preset veryfast -crf 28"),
        changed(
            "logo",
            90,
            "-vf drawbox=x=iw*0.65:y=ih*0.05:w=iw*0.3:h=ih*0.25:color=white:t=fill -c:v libx264 -preset veryfast -crf 28",
        ),
        changed("speed 1.25", 90, "-vf setpts=PTS/1.25 -c:v libx264 -preset veryfast -crf 28"),
        Attack {
            name: "GIF, 10 fps, 320 px",
            aim: 90,
            code: MASTER,
            again: Some("-vf fps=10,scale=320:-2:flags=lanczos,split[a][b];[a]palettegen[p];[b][p]paletteuse"),
            kind: "gif",
            sized: false,
        },
        changed(
            "screen recording",
            90,
            "-vf scale=iw*0.8:-2,pad=iw*1.25:ih*1.3:iw*0.1:ih*0.12:color=0x303030,eq=gamma=1.15 -c:v libx264 -preset veryfast -crf 28",
        ),
        changed("rotation by 7 degrees", 75, "-vf rotate=7*PI/180 -c:v libx264 -preset veryfast -crf 23"),
        changed("crop keeping 25 %", 75, "-vf crop=iw*0.5:ih*0.5:iw*0.23:ih*0.31 -c:v libx264 -preset veryfast -crf 23"),
        changed("mirror", 75, "-vf hflip -c:v libx264 -preset veryfast -crf 23"),
    ]
}
