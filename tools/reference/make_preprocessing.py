#!/usr/bin/env python3
"""Vectors for what happens before the model: frames, sizes, resampling, features, layout, positions.

Everything is computed by qwen-omni-utils, torchvision, librosa and transformers;
this script only chooses the inputs and writes down the answers.
"""

import argparse
import json
import os
import pathlib
import random
import tempfile
import warnings

os.environ.setdefault("FORCE_QWENVL_VIDEO_READER", "torchvision")

import librosa
import numpy as np
import soundfile
import torch
from PIL import Image
from qwen_omni_utils.v2_5 import vision_process
from torchvision.transforms import InterpolationMode, functional, v2
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize as second_smart_resize

from make_vectors import compact, load


def write_lines(path, values):
    """A JSON array with one element per line."""
    lines = (json.dumps(value, separators=(",", ":")) for value in values)
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def attempt(function, *args):
    try:
        return function(*args)
    except (ValueError, AssertionError, ZeroDivisionError) as error:
        return str(error) or type(error).__name__


# ---------------------------------------------------------------- frame rule

def frame_indexes(total, rate, options):
    count = attempt(vision_process.smart_nframes, dict(options), total, rate)
    if isinstance(count, str):
        return None
    return torch.linspace(0, total - 1, count).round().long().tolist()


def frame_cases():
    ntsc, film = 30000 / 1001, 24000 / 1001
    asked = [(1, 25, {}), (2, 25, {}), (3, 25, {}), (4, 25, {}), (5, 30, {}), (7, 10, {}), (36, 30, {}), (250, 25, {}),
             (900, 30, {}), (22, 10, {}), (15, 5, {}), (25, 5, {}), (69, ntsc, {}), (101, film, {}), (719, film, {}),
             (1798, ntsc, {}), (3601, 60, {}), (5400, 30, {}), (8000, 25, {}), (234, 30, {}), (37, 1, {}), (12, 0.5, {}),
             (100, 25, {"fps": 1}), (100, 25, {"fps": 0.5}), (100, 25, {"fps": 4}), (100, 25, {"fps": 30}),
             (333, ntsc, {"fps": 1.5}), (333, ntsc, {"fps": 2.4}), (300, 30, {"fps": 1, "min_frames": 16}),
             (300, 30, {"min_frames": 31}), (300, 30, {"max_frames": 7}), (300, 30, {"max_frames": 8, "min_frames": 8}),
             (300, 30, {"min_frames": 12, "max_frames": 6}), (300, 30, {"max_frames": 1}), (6, 30, {"min_frames": 8}),
             (300, 30, {"nframes": 9}), (300, 30, {"nframes": 11}), (300, 30, {"nframes": 13}), (300, 30, {"nframes": 302}),
             (300, 30, {"fps": 2, "max_frames": 1000}), (2000, 50, {"max_frames": 24})]
    dice = random.Random(11)
    for _ in range(24):
        rate = dice.choice([5, 12, 15, 24, 25, 29.97, 30, 50, ntsc, film])
        asked.append((dice.randrange(5, 1500), rate, {}))
    return [dict(total=total, rate=rate, **options, indexes=frame_indexes(total, rate, options))
            for total, rate, options in asked]


# ---------------------------------------------------------------- sizes

def smart_resize_cases():
    dice = random.Random(12)
    asked = [(720, 1280, 100352, 401408), (480, 640, 100352, 401408), (1080, 1080, 100352, 401408),
             (360, 640, 100352, 401408), (240, 320, 100352, 401408), (720, 1280, 100352, 105369),
             (42, 70, 3136, 12845056), (14, 14, 3136, 12845056), (98, 42, 3136, 12845056), (1, 200, 3136, 12845056),
             (1, 201, 3136, 12845056), (28, 5600, 3136, 100352), (5600, 28, 3136, 20000), (70, 126, 100352, 602112),
             (256, 448, 100352, 50000), (4000, 6000, 3136, 12845056), (224, 420, 100352, 602112)]
    for _ in range(80):
        low = dice.choice([3136, 100352])
        asked.append((dice.randrange(8, 2200), dice.randrange(8, 2200), low, dice.choice([low * 2, 401408, 602112, 12845056])))
    rows = []
    for height, width, low, high in asked:
        first = attempt(vision_process.smart_resize, height, width, 28, low, high)
        second = attempt(second_smart_resize, height, width, 28, low, high)
        rows.append(dict(height=height, width=width, min_pixels=low, max_pixels=high,
                         utils=None if isinstance(first, str) else first,
                         processor=None if isinstance(second, str) else second))
    return rows


def budget_cases():
    """fetch_video's size and then the video processor's, for clips too large to be run."""
    demo = dict(max_pixels=401408, total_pixels=20070400)
    asked = []
    for height, width in ((720, 1280), (480, 640), (1080, 1080), (240, 320), (1280, 720), (800, 1920), (95, 53)):
        for count in (4, 20, 60, 120, 200, 358, 360, 512, 768):
            asked.append((count, height, width, demo))
    for count in (4, 60, 250, 251, 360, 768):
        asked.append((count, 720, 1280, {}))
        asked.append((count, 720, 1280, dict(total_pixels=6422528)))
    asked += [(8, 720, 1280, dict(max_pixels=110000)), (8, 400, 320, dict(max_pixels=110000)),
              (8, 720, 1280, dict(max_pixels=50000)), (8, 256, 448, dict(total_pixels=200000)),
              (8, 720, 1280, dict(min_pixels=200704)), (8, 90, 160, dict(min_pixels=200704)),
              (8, 90, 160, dict(min_pixels=12544)), (8, 720, 1280, dict(max_pixels=10 ** 7))]
    seen = []

    class Result:
        def float(self):
            return self

    def resize(video, size, **_):
        seen.append(size)
        return Result()

    rows, keep = [], vision_process.transforms.functional.resize
    vision_process.transforms.functional.resize = resize
    try:
        for count, height, width, item in asked:
            blank = torch.zeros(1, dtype=torch.uint8).expand(count, 3, height, width)
            vision_process.VIDEO_READER_BACKENDS["torchvision"] = lambda _: (blank, 2.0)
            vision_process.fetch_video(dict(video="x", **item))
            first = seen.pop()
            second = second_smart_resize(*first, 28, 128 * 784, 768 * 784)
            rows.append(dict(frames=count, height=height, width=width, **item, first=first, second=second))
    finally:
        vision_process.transforms.functional.resize = keep
    return rows


# ---------------------------------------------------------------- resize

def resize_vectors(folder):
    """Smooth shapes, hard edges and noise in one picture, all made of integers."""
    dice = np.random.default_rng(13)
    y, x = np.mgrid[0:66, 0:92]
    image = np.stack([(x * 3 + y) % 256, 255 * ((x // 7 + y // 5) % 2), 128 + 40 * ((x - 46) ** 2 + (y - 33) ** 2 < 400)], -1)
    image[40:, 60:] = dice.integers(0, 256, (26, 32, 3))
    image[:20, 70:] = np.where((x[:20, 70:, None] % 2) > 0, 255, 0)
    image = image.astype(np.uint8)
    np.save(folder / "resize_input.npy", image)
    frames = torch.from_numpy(image).permute(2, 0, 1)[None]
    channels_last = lambda tensor: tensor[0].permute(1, 2, 0).contiguous().numpy()
    for height, width in ((28, 56), (84, 140)):
        small = functional.resize(frames, [height, width], interpolation=InterpolationMode.BICUBIC, antialias=True)
        np.save(folder / f"resize_{height}x{width}.npy", channels_last(small))
        pillow = Image.fromarray(image).resize((width, height))
        np.save(folder / f"resize_pillow_{height}x{width}.npy", np.asarray(pillow))
    for height, width in ((28, 56), (70, 98)):
        again = v2.functional.resize(frames.float(), [height, width], interpolation=InterpolationMode.BICUBIC, antialias=True)
        np.save(folder / f"resize_float_{height}x{width}.npy", channels_last(again))


# ---------------------------------------------------------------- sound

def mel_vectors(folder, extractor):
    """1.3 s: a soft tone, noise, silence, and a click so late that it is loudest in the frame after the last."""
    count = 20957
    t = np.arange(count) / 16000
    wave = np.zeros(count)
    wave[:9000] = 0.05 * np.sin(2 * np.pi * 440 * t[:9000]) + 0.02 * np.sin(2 * np.pi * 3000 * t[:9000] + 1)
    wave[9000:12000] = np.random.default_rng(14).normal(0, 0.01, 3000)
    wave[count - 21:count - 1] = 0.9
    wave = np.rint(wave * 32767).astype(np.int16)
    np.save(folder / "mel_wave.npy", wave)
    out = features(extractor, wave.astype(np.float32) / 32768)
    np.save(folder / "mel_features.npy", out)

    rows = []
    for length in (321, 400, 480, 481, 560, 640, 641, 799, 800, 801, 1600, 15999, 16000, 16001, 16160, 32000, 48159, 48160,
                   48161, 99999, 480000, 4799999, 4800000, 4800001, 5000000):
        mask = extractor(np.zeros(length, np.float32), sampling_rate=16000, padding="max_length",
                         return_attention_mask=True, return_tensors="np")["attention_mask"]
        frames = int(mask.sum())
        rows.append(dict(samples=length, mel_frames=frames, audio_tokens=((frames - 1) // 2 + 1 - 2) // 2 + 1))
    write_lines(folder / "audio_lengths.json", rows)

    bank = np.asarray(extractor.mel_filters)
    assert bank.shape == (201, 128)
    bank = bank.astype(np.float32)
    places = np.argwhere(bank)
    write_lines(folder / "mel_bank.json", [[int(f), int(m), float(f"{bank[f, m]:.9g}")] for f, m in places])


def features(extractor, wave):
    out = extractor(wave, sampling_rate=16000, padding="max_length", return_attention_mask=True, return_tensors="np")
    mask = out["attention_mask"][0].astype(bool)
    return np.ascontiguousarray(out["input_features"][0][:, mask], np.float32)


def resample_vectors(folder):
    dice = np.random.default_rng(15)
    rows = []
    for rate, channels, count in ((44100, 2, 8821), (48000, 1, 4800), (22050, 1, 3001), (8000, 1, 1203), (16000, 2, 1000)):
        t = np.arange(count)[:, None] / rate
        sound = 0.4 * np.sin(2 * np.pi * np.array([[300.0, 1234.5]])[:, :channels] * t)
        sound += 0.2 * np.sin(2 * np.pi * 0.3 * rate * t) + dice.normal(0, 0.02, (count, channels))
        sound[count // 2] = 0.9
        sound = np.rint(sound * 32767).clip(-32768, 32767).astype(np.int16)
        name = f"resample_{rate}_{channels}"
        with tempfile.TemporaryDirectory() as scratch:
            path = pathlib.Path(scratch, "sound.wav")
            soundfile.write(path, sound, rate, subtype="PCM_16")
            out = librosa.load(path, sr=16000)[0]
        np.save(folder / f"{name}_input.npy", sound)
        np.save(folder / f"{name}_output.npy", out.astype(np.float32))
        rows.append(dict(rate=rate, channels=channels, samples=count, resampled=len(out),
                         input=f"{name}_input.npy", output=f"{name}_output.npy"))
    write_lines(folder / "resample.json", rows)


# ---------------------------------------------------------------- layout and positions

FILLER = "<|quad_start|>"  # one id per piece of text


def layout_case(dice):
    sound = dice.random() < 0.6
    step = dice.choice([1.0, 1.0, 1.0, 2.0, 0.5, 1.3, 0.7, 0.35, 4.1])
    items = [["text", dice.randrange(1, 8)]]
    for _ in range(dice.choice([0, 1, 1, 1, 2, 2, 3, 4])):
        kind = dice.choice(["audio", "image", "video", "video", "video"])
        mel = dice.choice([3, 5, 98, 99, 100, 101, 199, 200, 201, 390, 400, 523, dice.randrange(3, 900)])
        height, width = 2 * dice.randrange(1, 5), 2 * dice.randrange(1, 6)
        frames = dice.choice([1, 2, 3, 4, 5, 7])
        if dice.random() < 0.05:
            height, width, frames, mel = 30, 40, 1, 23
        if kind == "audio":
            items.append(["audio", mel])
        elif kind == "image":
            items.append(["image", 1, height, width])
        elif sound:
            items.append(["av", frames, height, width, mel])
        else:
            items.append(["video", frames, height, width])
        if dice.random() < 0.6:
            items.append(["text", dice.randrange(1, 9)])
    if dice.random() < 0.9 and items[-1][0] != "text":
        items.append(["text", dice.randrange(1, 5)])
    return sound, step, items


def runs(values):
    """[first, step, count] with step 0 or 1."""
    out = []
    for value in values:
        if out:
            first, step, count = out[-1]
            if count == 1 and value - first in (0, 1):
                out[-1] = [first, value - first, 2]
                continue
            if count > 1 and value == first + step * count:
                out[-1][2] += 1
                continue
        out.append([value, 0, 1])
    return out


def layout_answer(model, processor, sound, step, items):
    text, mels, images, videos = "", [], [], []
    for kind, *size in items:
        if kind == "text":
            text += FILLER * size[0]
        elif kind == "audio":
            text += "<|audio_bos|><|AUDIO|><|audio_eos|>"
            mels.append(size[0])
        elif kind == "image":
            text += "<|vision_bos|><|IMAGE|><|vision_eos|>"
            images.append(size)
        else:
            text += "<|vision_bos|><|VIDEO|><|vision_eos|>"
            videos.append(size[:3])
            mels += size[3:]
    lengths = torch.tensor(mels, dtype=torch.long)
    text = processor.replace_multimodal_special_tokens(
        [text], iter(((lengths - 1) // 2 + 1 - 2) // 2 + 1), iter(torch.tensor(images)), iter(torch.tensor(videos)),
        video_second_per_grid=iter([step] * len(videos)), use_audio_in_video=sound, position_id_per_seconds=25,
        seconds_per_chunk=2.0)[0]
    ids = processor.tokenizer(text, return_tensors="pt")["input_ids"]
    positions, delta = model.get_rope_index(
        ids, torch.tensor(images) if images else None, torch.tensor(videos) if videos else None, torch.ones_like(ids),
        sound, lengths if mels else None, torch.tensor([step] * len(videos)) if videos else None)
    names = {processor.tokenizer.convert_tokens_to_ids(name): letter for name, letter in (
        (FILLER, "t"), ("<|AUDIO|>", "a"), ("<|IMAGE|>", "i"), ("<|VIDEO|>", "v"), ("<|audio_bos|>", "("),
        ("<|audio_eos|>", ")"), ("<|vision_bos|>", "["), ("<|vision_eos|>", "]"))}
    letters = [names[index] for index in ids[0].tolist()]
    kinds = []
    for letter in letters:
        if kinds and kinds[-1][0] == letter:
            kinds[-1][1] += 1
        else:
            kinds.append([letter, 1])
    return dict(tokens=len(letters), kinds="".join(f"{letter}{count}" for letter, count in kinds),
                positions=[[part for run in runs(row) for part in run] for row in positions[:, 0].tolist()],
                delta=int(delta.item()))


def layout_cases(model, processor):
    fixed = [(True, 1.0, [["text", 5], ["av", 4, 4, 6, 390], ["text", 3]]),
             (True, 1.0, [["text", 5], ["av", 6, 4, 4, 240], ["text", 3]]),
             (True, 1.0, [["text", 5], ["av", 1, 40, 60, 20], ["text", 3]]),
             (True, 5.0, [["text", 5], ["av", 3, 2, 4, 120], ["text", 3]]),
             (True, 1.0, [["text", 2], ["av", 3, 4, 4, 300], ["text", 2]]),
             (False, 1.0, [["text", 9]]),
             (False, 1.0, [["audio", 450]]),
             (False, 1.0, [["text", 3], ["image", 1, 8, 12], ["text", 2]]),
             (False, 1.0, [["text", 3], ["video", 3, 10, 6], ["text", 2]]),
             (True, 1.3, [["text", 3], ["av", 4, 4, 6, 523], ["image", 1, 4, 4], ["audio", 100], ["av", 3, 6, 2, 99], ["text", 4]])]
    dice = random.Random(16)
    return [dict(sound=sound, second_per_grid=step, items=items, **layout_answer(model, processor, sound, step, items))
            for sound, step, items in fixed + [layout_case(dice) for _ in range(140)]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=pathlib.Path, required=True, help="folder that holds checkpoints/ and receives pre/")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    folder = options.vectors / "pre"
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    model, processor = load(options.vectors / "checkpoints" / "tiny-a")
    write_lines(folder / "frames.json", frame_cases())
    write_lines(folder / "smart_resize.json", smart_resize_cases())
    write_lines(folder / "budgets.json", budget_cases())
    resize_vectors(folder)
    mel_vectors(folder, processor.feature_extractor)
    resample_vectors(folder)
    write_lines(folder / "layout.json", layout_cases(model, processor))
    for file in sorted(folder.iterdir()):
        print(f"{file.stat().st_size:8} {file.name}")


if __name__ == "__main__":
    main()
