#!/usr/bin/env python3
"""Make the tiny media files of the vectors.

All pictures are stored as lossless RGB, so that every decoder gives the same
levels, and all sound that is used is lossless.  Sources: a few frames of Big
Buck Bunny and a few seconds of the 1961 inaugural address; the rest is drawn.
"""

import argparse
import pathlib
import subprocess
import tempfile

import numpy as np
import soundfile
from PIL import Image
from scipy.signal import resample_poly

FFMPEG = ["ffmpeg", "-v", "error", "-y", "-nostdin", "-threads", "1"]


def film(source, start, rate, count, width, height):
    """COUNT frames of a film at RATE per second, scaled, as uint8 [n, h, w, 3]."""
    raw = subprocess.run(
        [*FFMPEG, "-ss", str(start), "-i", source, "-vf", f"fps={rate},scale={width}:{height}:flags=area",
         "-frames:v", str(count), "-pix_fmt", "rgb24", "-f", "rawvideo", "-"],
        check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(count, height, width, 3)


def drawn(seed, count, width, height, grain=0, drift=0.0):
    """Colour waves that DRIFT and a moving bright disc; GRAIN levels of noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    frames = np.empty((count, height, width, 3), np.uint8)
    waves = random.uniform(2, 9, (3, 2)) / max(width, height)
    speed = random.uniform(-drift, drift, 3)
    phase = random.uniform(0, 6.28, 3)
    for t in range(count):
        disc = np.hypot(x - width * (0.2 + 0.6 * t / count), y - height * 0.45) < 0.17 * min(width, height)
        for c in range(3):
            level = 120 + 90 * np.sin(waves[c, 0] * x + waves[c, 1] * y + speed[c] * t + phase[c])
            level += 70 * disc * (c != 2)
            level += random.integers(-grain, grain + 1, level.shape)
            frames[t, :, :, c] = np.clip(np.rint(level), 0, 255)
    return frames


def mux(path, frames, rate, sound=None, sample_rate=0, sound_codec="pcm_s16le", video_codec="ffv1"):
    """Write RGB frames, and int16 sound [n, channels] where given, losslessly."""
    count, height, width, _ = frames.shape
    with tempfile.TemporaryDirectory() as scratch:
        pixels = pathlib.Path(scratch, "frames.rgb")
        pixels.write_bytes(frames.tobytes())
        command = [*FFMPEG, "-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", f"{width}x{height}",
                   "-framerate", rate, "-i", str(pixels)]
        if sound is not None:
            samples = pathlib.Path(scratch, "sound.wav")
            soundfile.write(samples, sound, sample_rate, subtype="PCM_16")
            command += ["-i", str(samples), "-c:a", sound_codec]
        if video_codec == "ffv1":
            command += ["-c:v", "ffv1", "-level", "3", "-g", "300", "-slices", "4", "-slicecrc", "1", "-pix_fmt", "gbrp"]
        else:
            command += ["-c:v", "libx264rgb", "-qp", "0", "-preset", "veryslow", "-pix_fmt", "rgb24"]
        command += ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact",
                    str(path)]
        subprocess.run(command, check=True)
        back = subprocess.run([*FFMPEG, "-i", str(path), "-map", "0:v", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"],
                              check=True, capture_output=True).stdout
        assert back == frames.tobytes(), f"{path} is not lossless"


def stereo(speech, rate):
    """Speech at another rate on the left, its echo and a tone on the right, int16."""
    up = rate // np.gcd(rate, 16000)
    left = resample_poly(speech, up, 16000 * up // rate)
    delay = rate // 50
    right = 0.5 * np.concatenate([np.zeros(delay), left[:-delay]])
    right += 0.05 * np.sin(2 * np.pi * 880 * np.arange(len(left)) / rate)
    return np.rint(np.clip(np.stack([left, right], 1), -1, 1) * 32767).astype(np.int16)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=pathlib.Path, required=True,
                        help="folder of big-buck-bunny-480p-30s.mp4 and speech/jfk.wav")
    parser.add_argument("--output", type=pathlib.Path, required=True)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    bunny = str(options.media / "big-buck-bunny-480p-30s.mp4")
    speech, rate = soundfile.read(options.media / "speech" / "jfk.wav")
    assert rate == 16000
    whole = np.rint(speech * 32768).clip(-32768, 32767).astype(np.int16)
    piece = lambda start, seconds: slice(int(start * 16000), int((start + seconds) * 16000))
    out = options.output

    # 3.0 s of both.
    mux(out / "matched.mkv", film(bunny, 5, 5, 15, 96, 72), "5", whole[piece(0.2, 3.0)], 16000)
    # 2.0 s of pictures, 4.43 s of stereo sound at another rate.
    mux(out / "long-sound.mkv", film(bunny, 12, 4, 8, 80, 60), "4", stereo(speech[piece(3.2, 4.43)], 44100), 44100, "flac")
    # 5.0 s of pictures, 1.37 s of sound, an even number of mel frames plus a bit.
    mux(out / "short-sound.mkv", drawn(5, 25, 64, 48, grain=1, drift=0.4), "5", whole[piece(8.0, 1.37)], 16000)
    # 2.2 s without sound; 4.4 frames are asked for.
    mux(out / "silent.mkv", film(bunny, 20, 10, 22, 80, 44), "10")
    # Portrait, odd sizes, 30000/1001 frames per second with reordered frames; the sound is to be ignored.
    mux(out / "portrait.mp4", drawn(6, 69, 53, 95), "30000/1001", stereo(speech[piece(0.3, 2.3)], 44100), 44100, "aac",
        "h264")
    # Large enough to be made smaller: one for the frame budget, one for the total budget.
    mux(out / "tall.mkv", drawn(7, 6, 320, 400), "4", video_codec="h264")
    mux(out / "wide.mkv", drawn(8, 8, 448, 256), "4", video_codec="h264")

    Image.fromarray(film(bunny, 9, 5, 1, 150, 100)[0]).save(out / "picture.png", optimize=True)
    faded = np.concatenate([drawn(9, 1, 61, 90, grain=4)[0], np.zeros((90, 61, 1), np.uint8)], 2)
    faded[:, :, 3] = np.clip(np.arange(90)[:, None] * 4 - 40, 0, 255)
    Image.fromarray(faded).save(out / "faded.png", optimize=True)

    soundfile.write(out / "speech-16k.wav", whole[piece(3.25, 3.413)], 16000, subtype="PCM_16")
    soundfile.write(out / "speech-44k.wav", stereo(speech[piece(5.4, 0.817)], 44100), 44100, subtype="PCM_16")

    for file in sorted(out.iterdir()):
        print(f"{file.stat().st_size:8} {file.name}")


if __name__ == "__main__":
    main()
