#!/usr/bin/env python3
"""Caption clips with the reference implementation and with asid, and count equals.

Both start from the media files: the reference reads them by qwen-omni-utils and
the published processor, asid by its own code. Greedy, float32. Prints one line per clip that differs and a last line with the count.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import warnings

from make_vectors import PENALTY, has_sound, load, prepare

import torch


def asid_ids(options, clip):
    done = subprocess.run(
        [options.bindir / "asid-model", "generate", "--model", options.checkpoint, "--video", clip, "--prompt",
         options.prompt, "--max-tokens", str(options.max_tokens), "--threads", str(options.threads), "--repetition-penalty",
         str(options.penalty)],
        capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["ids"]


def reference_ids(options, model, processor, clip):
    with_sound = has_sound(clip)
    _, inputs, _ = prepare(processor, {"--video": clip}, pathlib.Path(), options.prompt, with_sound)
    model.rope_deltas = None
    stop = options.stop
    made = model.generate(**inputs, use_audio_in_video=with_sound, do_sample=False, repetition_penalty=options.penalty,
                          max_new_tokens=options.max_tokens, eos_token_id=stop, pad_token_id=stop[0])
    ids = made[0, inputs.input_ids.shape[1]:].tolist()
    return ids[:-1] if ids and ids[-1] in stop else ids


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=pathlib.Path, required=True)
    parser.add_argument("--clips", type=pathlib.Path, required=True, help="folder of videos")
    parser.add_argument("--bindir", type=pathlib.Path, required=True, help="what make -s print-bindir prints")
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--max-tokens", type=int, default=512)
    parser.add_argument("--penalty", type=float, default=PENALTY)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--least", type=int, default=0, help="exit with 1 when fewer are equal")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    stop = json.loads((options.checkpoint / "generation_config.json").read_text())["eos_token_id"]
    options.stop = stop if isinstance(stop, list) else [stop]
    model, processor = load(options.checkpoint)
    clips = sorted(options.clips.glob("*.mp4"))[:options.count]
    equal = 0
    for clip in clips:
        ours, theirs = asid_ids(options, clip), reference_ids(options, model, processor, clip)
        while ours and ours[-1] in options.stop:
            ours.pop()
        equal += ours == theirs
        if ours != theirs:
            at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
            print(f"{clip.name}: differ from token {at} on:\n  asid      {processor.tokenizer.decode(ours[at:at + 16])!r}"
                  f"\n  reference {processor.tokenizer.decode(theirs[at:at + 16])!r}", flush=True)
    print(f"{equal} of {len(clips)} captions are equal")
    return int(equal < options.least)


if __name__ == "__main__":
    sys.exit(main())
