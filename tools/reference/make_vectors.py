#!/usr/bin/env python3
"""Run the reference from media file to generated ids and keep what it computed.

One folder per checkpoint and case: case.json and the arrays that
`asid-model --dump` writes too.  float32, eager attention, one thread.
"""

import argparse
import json
import os
import pathlib
import shutil
import warnings

os.environ.setdefault("FORCE_QWENVL_VIDEO_READER", "torchvision")

import numpy as np
import torch
from qwen_omni_utils import process_mm_info
from qwen_omni_utils.v2_5 import vision_process
from safetensors.torch import load_file
from transformers import (
    Qwen2_5OmniConfig,
    Qwen2_5OmniProcessor,
    Qwen2_5OmniThinkerConfig,
    Qwen2_5OmniThinkerForConditionalGeneration,
)

from make_checkpoint import SYSTEM

PENALTY = 1.1
STEPS = 24
GAP = 0.01  # the least distance between the best two scores of any step
PIXEL_ROWS = 9
MODULE_ROWS = 32

# name: (options, checkpoints).  Options are spelled as asid-model takes them.
CASES = {
    "text": ({}, "abc"),
    "text-system": ({"--system": "Answer in one short sentence."}, "a"),
    "image": ({"--image": "picture.png"}, "a"),
    "image-alpha": ({"--image": "faded.png"}, "ab"),
    "audio": ({"--audio": "speech-16k.wav"}, "ab"),
    "audio-resampled": ({"--audio": "speech-44k.wav"}, "a"),
    "video-silent": ({"--video": "silent.mkv"}, "ab"),
    "video-sound": ({"--video": "matched.mkv"}, "abc"),
    "video-long-sound": ({"--video": "long-sound.mkv"}, "ab"),
    "video-short-sound": ({"--video": "short-sound.mkv"}, "a"),
    "video-fps": ({"--video": "short-sound.mkv", "--fps": "1"}, "a"),
    "video-frames": ({"--video": "matched.mkv", "--max-frames": "4", "--no-audio": None}, "a"),
    "portrait": ({"--video": "portrait.mp4", "--no-audio": None}, "ab"),
    "max-pixels": ({"--video": "tall.mkv", "--max-pixels": "110000"}, "a"),
    "second-resize": ({"--video": "wide.mkv", "--total-pixels": "200000"}, "a"),
}

BRIEF = ("video-fps", "video-frames")  # cases that differ from another one only after the towers

PROMPTS = [
    "Describe what happens here.",
    "Please tell me everything that you see and hear.",
    "What is shown, and what is said? Give the times.",
    "List the objects, the people and the sounds.",
    "Write one sentence about this.",
    "Is anybody speaking? Answer with yes or no.",
    "How does it begin, and how does it end?",
    "Caption this in detail: scene, camera, emotions.",
    "Which colours are there?",
    "Count to ten, then stop.",
    "Name the first thing that moves.",
    "Explain it to a child.",
]
ANSWER = "At 0s, a bright disc moves to the right; 3.5 seconds later somebody says: \"my fellow Americans\"."


def load(folder):
    """The Thinker of either layout, in float32 with eager attention."""
    values = json.loads((folder / "config.json").read_text())
    if values["model_type"] == "qwen2_5_omni":
        config, prefix = Qwen2_5OmniConfig.from_pretrained(folder).thinker_config, "thinker."
    else:
        config, prefix = Qwen2_5OmniThinkerConfig.from_pretrained(folder), ""
    model = Qwen2_5OmniThinkerForConditionalGeneration._from_config(
        config, attn_implementation="eager", dtype=torch.float32)
    for part in (model, model.model, model.visual, model.audio_tower):
        assert part.config._attn_implementation == "eager"
    state = {}
    for file in folder.glob("*.safetensors"):
        state.update((name[len(prefix):], value.float()) for name, value in load_file(file).items())
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and missing in ([], ["lm_head.weight"])
    if missing:
        assert model.lm_head.weight is model.model.embed_tokens.weight
    return model.eval(), Qwen2_5OmniProcessor.from_pretrained(folder)


def conversation(options, media, prompt):
    item = lambda kind, **extra: dict(type=kind, **{kind: str(media / options["--" + kind])}, **extra)
    content = []
    if "--image" in options:
        content.append(item("image"))
    if "--video" in options:
        limits = {"fps": float, "max_pixels": int, "total_pixels": int, "min_frames": int, "max_frames": int}
        given = {key: kind(options["--" + key.replace("_", "-")]) for key, kind in limits.items()
                 if "--" + key.replace("_", "-") in options}
        content.append(item("video", **given))
    if "--audio" in options:
        content.append(item("audio"))
    content.append(dict(type="text", text=prompt))
    return [dict(role="system", content=[dict(type="text", text=options.get("--system", SYSTEM))]),
            dict(role="user", content=content)]


def prepare(processor, options, media, prompt, with_sound):
    """Exactly the published steps: template, media reading, processor."""
    talk = conversation(options, media, prompt)
    text = processor.apply_chat_template(talk, add_generation_prompt=True, tokenize=False)
    chosen = []
    linspace = torch.linspace

    def record(*args, **kwargs):
        points = linspace(*args, **kwargs)
        chosen.append(points.round().long().tolist())
        return points

    vision_process.torch.linspace = record
    try:
        audios, images, videos = process_mm_info(talk, use_audio_in_video=with_sound)
    finally:
        vision_process.torch.linspace = linspace
    extra = {"fps": float(options["--fps"])} if "--fps" in options else {}
    inputs = processor(text=text, audio=audios, images=images, videos=videos, return_tensors="pt", padding=True,
                       use_audio_in_video=with_sound, **extra)
    return text, inputs, chosen[0] if chosen else None


class Watch:
    """Remembers what chosen modules of the model returned last."""

    def __init__(self, model):
        self.seen, self.hooks = {}, []
        first = lambda value: value[0] if isinstance(value, tuple) else value
        parts = {
            "vision": (model.visual, first),
            "audio": (model.audio_tower, lambda value: value.last_hidden_state),
            "hidden": (model.model.norm, lambda value: value[0]),
            "vision_patch_embed": (model.visual.patch_embed, first),
            "vision_block0": (model.visual.blocks[0], first),
            "audio_layer0": (model.audio_tower.layers[0], first),
            "text_layer0": (model.model.layers[0], lambda value: first(value)[0]),
        }
        for name, (module, take) in parts.items():
            self.hooks.append(module.register_forward_hook(
                lambda _, __, out, name=name, take=take: self.seen.__setitem__(name, take(out).detach().clone())))
        self.rope, inner = None, model.get_rope_index

        def rope(*args, **kwargs):
            self.rope = inner(*args, **kwargs)
            return self.rope

        model.get_rope_index = rope

    def close(self, model):
        for hook in self.hooks:
            hook.remove()
        del model.get_rope_index


def answer_logprobs(model, prefill, ids, answer_ids, inputs):
    """Teacher forcing as generation would do it: cached prompt, positions i + delta."""
    count = len(answer_ids)
    out = model(
        input_ids=torch.tensor([answer_ids[:-1]]), past_key_values=prefill.past_key_values, use_cache=True,
        attention_mask=torch.ones(1, len(ids) + count - 1, dtype=torch.long),
        cache_position=torch.arange(len(ids), len(ids) + count - 1))
    logits = torch.cat([prefill.logits[0, -1:], out.logits[0]]).double()
    return torch.log_softmax(logits, -1)[torch.arange(count), torch.tensor(answer_ids)]


def gaps(scores):
    best = torch.cat(list(scores)).topk(2, -1).values
    return (best[:, 0] - best[:, 1]).tolist()


def spread(total, wanted):
    """About WANTED rows of TOTAL; the odd step visits all four places of a merged group."""
    return list(range(0, total, -(-total // wanted) | 1))


def save(folder, name, array):
    np.save(folder / f"{name}.npy", np.ascontiguousarray(array, np.float32))


def compact(value):
    """JSON with one key per line, so that a difference of two versions can be read."""
    lines = (f"{json.dumps(key)}:{json.dumps(item, separators=(',', ':'), ensure_ascii=False)}" for key, item in value.items())
    return "{" + ",\n ".join(lines) + "}\n"


def run(name, case, options, model, processor, media, folder):
    with_sound = "--video" in options and "--no-audio" not in options and has_sound(media / options["--video"])
    flag = dict(use_audio_in_video=with_sound)
    stop = model.config.eos_token_id
    start = list(CASES).index(case)
    for prompt in PROMPTS[start % len(PROMPTS):] + PROMPTS[:start % len(PROMPTS)]:
        text, inputs, frames = prepare(processor, options, media, prompt, with_sound)
        model.rope_deltas = None
        made = model.generate(**inputs, **flag, do_sample=False, repetition_penalty=PENALTY, max_new_tokens=STEPS,
                              eos_token_id=stop, pad_token_id=model.config.pad_token_id,
                              return_dict_in_generate=True, output_scores=True)
        generated = made.sequences[0, inputs.input_ids.shape[1]:].tolist()
        gap = min(gaps(made.scores))
        if gap >= GAP and stop not in generated:
            break
    else:
        raise SystemExit(f"{name}-{case}: no prompt with a clear choice at every step")

    model.rope_deltas = None
    watch = Watch(model)
    prefill = model(**inputs, **flag, use_cache=True)
    seen, (positions, delta) = watch.seen.copy(), watch.rope
    watch.close(model)
    ids = inputs.input_ids[0].tolist()
    answer_ids = processor.tokenizer.encode(ANSWER)
    logprobs = answer_logprobs(model, prefill, ids, answer_ids, inputs)
    assert int(logprobs.shape[0]) == len(answer_ids)

    # The same answer as part of one long prompt must say the same.
    longer = dict(inputs, input_ids=torch.tensor([ids + answer_ids]),
                  attention_mask=torch.ones(1, len(ids) + len(answer_ids), dtype=torch.long))
    model.rope_deltas = None
    again = torch.log_softmax(model(**longer, **flag).logits[0, len(ids) - 1:-1].double(), -1)
    again = again[torch.arange(len(answer_ids)), torch.tensor(answer_ids)]
    assert (again - logprobs).abs().max() < 1e-4, "positions of the answer depend on how it is fed"

    folder.mkdir(parents=True)
    count = lambda token: ids.count(token)
    grid = inputs.get("video_grid_thw", inputs.get("image_grid_thw"))
    grid = grid[0].tolist() if grid is not None else None
    args = []
    for key, value in options.items():
        args += [key] if value is None else [key, f"media/{value}" if key in ("--video", "--audio", "--image") else value]
    (folder / "case.json").write_text(compact({
        "checkpoint": name,
        "args": args + ["--prompt", prompt],
        "prompt": prompt,
        "answer": ANSWER,
        "text": text,
        "audio_in_video": with_sound,
        "frame_indexes": frames,
        "frames": len(frames) if frames else (1 if "--image" in options else 0),
        "height": grid[1] * 14 if grid else 0,
        "width": grid[2] * 14 if grid else 0,
        "grid_thw": grid,
        "second_per_grid": [float(value) for value in inputs.get("video_second_per_grid", [])],
        "image_tokens": count(model.config.image_token_id),
        "video_tokens": count(model.config.video_token_id),
        "audio_tokens": count(model.config.audio_token_id),
        "mel_frames": int(inputs["feature_attention_mask"].sum()) if "feature_attention_mask" in inputs else 0,
        "ids": ids,
        "positions": positions[:, 0].tolist(),
        "rope_delta": int(delta),
        "answer_ids": answer_ids,
        "logprobs": [round(value, 7) for value in logprobs.tolist()],
        "generated": generated,
        "generated_text": processor.tokenizer.decode(generated, skip_special_tokens=True),
        "least_gap": round(gap, 5),
    }), encoding="utf-8")

    save(folder, "hidden", seen["hidden"][-1:])
    save(folder, "logits", prefill.logits[0, -1:])
    for kind in ("vision", "audio"):
        if kind in seen and case not in BRIEF:
            save(folder, kind, seen[kind])
    if name == "tiny-a" and case not in BRIEF:  # what goes into the towers is the same for all checkpoints
        if "feature_attention_mask" in inputs:
            save(folder, "mel", inputs["input_features"][0][:, inputs["feature_attention_mask"][0].bool()])
        pixels = inputs.get("pixel_values_videos", inputs.get("pixel_values"))
        if pixels is not None:
            rows = spread(len(pixels), PIXEL_ROWS)
            save(folder, "pixels", pixels[rows])
            (folder / "pixels_rows.json").write_text(json.dumps(dict(total=len(pixels), rows=rows)) + "\n")
    if name == "tiny-a" and case == "video-sound":
        listing = {}
        for part in ("vision_patch_embed", "vision_block0", "audio_layer0", "text_layer0"):
            rows = spread(len(seen[part]), MODULE_ROWS)
            save(folder, part, seen[part][rows])
            listing[part] = dict(total=len(seen[part]), rows=rows)
        (folder / "modules_rows.json").write_text(compact(listing))
    print(f"{name}-{case}: {len(ids)} ids, grid {grid}, least gap {gap:.4f}, {prompt!r}")


def has_sound(path):
    from qwen_omni_utils.v2_5.audio_process import _check_if_video_has_audio
    return _check_if_video_has_audio(str(path))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=pathlib.Path, required=True,
                        help="folder that holds checkpoints/ and media/ and receives cases/")
    parser.add_argument("--only", help="make the cases whose folder name contains this")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    for letter in "abc":
        name = f"tiny-{letter}"
        model, processor = load(options.vectors / "checkpoints" / name)
        for case, (arguments, letters) in CASES.items():
            folder = options.vectors / "cases" / f"{name}-{case}"
            if letter in letters and (not options.only or options.only in folder.name):
                shutil.rmtree(folder, ignore_errors=True)
                run(name, case, arguments, model, processor, options.vectors / "media", folder)


if __name__ == "__main__":
    main()
