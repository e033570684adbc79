#!/usr/bin/env python3
"""Train the demo captioner: Qwen2.5-Omni's architecture, small, on synthetic clips.

    train_demo.py prepare --tool make_training_set --output BUNDLE
    train_demo.py see     --tool ... --bundle BUNDLE --output FOLDER [--seconds S]
    train_demo.py hear    --tool ... --bundle BUNDLE --output FOLDER [--seconds S]
    train_demo.py train   --tool ... --bundle BUNDLE --output FOLDER [--steps N] [--seconds S]
    train_demo.py measure --tool ... --bundle BUNDLE --checkpoint FOLDER

`prepare` makes what does not depend on the weights: the tokenizer, and how the
processor lays out the prompt of a clip of each length.  `see` teaches the vision
tower what is where, pair of frames by pair of frames, `hear` the audio tower what
is heard when, second by second.  `train` renders clips while it learns from them
and writes a checkpoint folder as published.

The model is transformers' own Qwen2_5OmniThinkerForConditionalGeneration.  Three
things are done differently from its forward(), each checked against it before
the first step: the towers see all clips of a batch at once instead of window by
window; many questions share one media prefix, kept apart by an attention mask;
logits are computed where an answer is.

docs/DEMO_MODEL.md says what came out.
"""

import argparse
import json
import math
import multiprocessing as mp
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import threading
import time

import numpy as np
import torch
import torch.nn.functional as F

from make_checkpoint import SYSTEM, TEMPLATE, write_json, write_processor, write_tokenizer
from senses import HEARD, SEEN, Teller, heard_targets, seen_targets, words_of

HEIGHT, WIDTH, RATE = 160, 224, 16000
TALL, WIDE, PATCH = 280, 392, 28  # after the processor's resize
CELLS_DOWN, CELLS_ACROSS = TALL // PATCH // 2, WIDE // PATCH // 2  # tokens of a pair of frames
VOCABULARY = 2048  # with the bytes, before the added tokens
# Claims that are learnt last are asked about more often, by class or by attribute of true ones.
HARD = {"character": 3, "object": 3, "action": 2, "speaker": 3, "voice": 2, "mood": 2, "time_shift": 2, "left_right": 2,
        "planted object": 2, "planted speaker": 3, "planted time_shift": 2, "planted action": 1.5, "planted negation": 1.5,
        "emotions": 2, "objects": 1.5, "actions": 2, "speech": 2, "narrative_elements": 1.5}
# Attributes that are told worst are asked for more often.
TOLD = {"emotions": 4, "actions": 2}
SIGHT = SEEN(CELLS_DOWN, CELLS_ACROSS)
AAC_FRAME = 1024  # samples: a sound track ends with a whole one
SUFFIX = 1024  # tokens of questions and answers a clip carries at once
# A second is 25 positions: half of mRoPE's frequencies tell the time, down to one that turns
# once in 19 s, so that seconds are told apart smoothly. Left and right are seen by the wedge.
SECTIONS = [16, 8, 8]
SHAPE = dict(
    text=dict(hidden_size=256, intermediate_size=576, num_hidden_layers=6, num_attention_heads=4,
              num_key_value_heads=2, rope_theta=10000.0, rms_norm_eps=1e-6),
    vision=dict(depth=4, hidden_size=160, intermediate_size=320, num_heads=5, window_size=448,
                fullatt_block_indexes=[1, 3]),
    audio=dict(encoder_layers=4, encoder_attention_heads=5, encoder_ffn_dim=416, d_model=160, n_window=100),
)


# --- tokenizer and prompt layouts --------------------------------------------

def make_tokenizer(texts, folder):
    """A byte-level BPE of our own in the published files: bytes, merges, added tokens."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    pattern = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
               r"|\s*[\r\n]+|\s+(?!\S)|\s+")
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    bpe.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=VOCABULARY, min_frequency=8, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False))
    merges = [" ".join(pair) if not isinstance(pair, str) else pair for pair in json.loads(bpe.to_str())["model"]["merges"]]
    vocab = bpe.get_vocab()
    folder.mkdir(parents=True, exist_ok=True)
    ordered = dict(sorted(vocab.items(), key=lambda item: item[1]))
    ids = write_tokenizer(folder, ordered, "#version: 0.2", merges)
    write_processor(folder, ids, 1.0, PATCH)
    write_json(folder / "chat_template.json", dict(chat_template=TEMPLATE))
    return ids


def make_config(ids):
    from transformers import Qwen2_5OmniThinkerConfig

    text, hidden = SHAPE["text"], SHAPE["text"]["hidden_size"]
    size = (max(ids.values()) + 16) // 16 * 16
    return Qwen2_5OmniThinkerConfig(
        text_config=dict(text, vocab_size=size, tie_word_embeddings=True,
                         rope_scaling=dict(type="default", mrope_section=SECTIONS)),
        vision_config=dict(SHAPE["vision"], patch_size=PATCH, spatial_merge_size=2, temporal_patch_size=2,
                           out_hidden_size=hidden),
        audio_config=dict(SHAPE["audio"], num_mel_bins=128, max_source_positions=1500, output_dim=hidden),
        audio_token_index=ids["<|AUDIO|>"], image_token_index=ids["<|IMAGE|>"], video_token_index=ids["<|VIDEO|>"],
        audio_start_token_id=ids["<|audio_bos|>"], audio_end_token_id=ids["<|audio_eos|>"],
        vision_start_token_id=ids["<|vision_bos|>"], vision_end_token_id=ids["<|vision_eos|>"],
        bos_token_id=ids["<|im_start|>"], eos_token_id=ids["<|im_end|>"], pad_token_id=ids["<|endoftext|>"],
        user_token_id=ids["<|im_start|>"], position_id_per_seconds=25, seconds_per_chunk=2,
        tie_word_embeddings=True)


def new_model(folder, seed=1):
    from transformers import Qwen2_5OmniThinkerForConditionalGeneration

    torch.manual_seed(seed)
    model = Qwen2_5OmniThinkerForConditionalGeneration._from_config(
        make_config(json.loads((folder / "added_tokens.json").read_text())), attn_implementation="sdpa",
        dtype=torch.float32)
    model.tie_weights()
    return model


def save(model, tokenizer_folder, folder):
    """The checkpoint as published: the Thinker alone, bfloat16."""
    from safetensors.torch import load_file, save_file

    folder.mkdir(parents=True, exist_ok=True)
    for file in tokenizer_folder.iterdir():
        shutil.copy(file, folder / file.name)
    model.config.save_pretrained(folder)
    state = {name: value.detach().to("cpu", torch.bfloat16).contiguous() for name, value in model.state_dict().items()
             if name != "lm_head.weight" and not name.endswith("positional_embedding.positional_embedding")}
    save_file(dict(sorted(state.items())), folder / "model.safetensors", metadata=dict(format="pt"))
    again = load_file(folder / "model.safetensors")
    assert again.keys() == state.keys()
    values = json.loads((folder / "config.json").read_text())
    values["torch_dtype"] = "bfloat16"
    values.pop("dtype", None)
    write_json(folder / "config.json", values)


def load_weights(model, folder):
    from safetensors.torch import load_file

    missing, unexpected = model.load_state_dict(
        {name: value.float() for name, value in load_file(folder / "model.safetensors").items()}, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    model.tie_weights()


def make_layouts(folder, scratch):
    """The ids and positions of everything before the question, for each length, by the processor itself."""
    from transformers import Qwen2_5OmniProcessor

    processor = Qwen2_5OmniProcessor.from_pretrained(folder)
    model = new_model(folder)
    layouts = {}
    for seconds in range(4, 13):
        for sound in (True, False):
            talk = [dict(role="system", content=[dict(type="text", text=SYSTEM)]),
                    dict(role="user", content=[dict(type="video", video="x"), dict(type="text", text="#")])]
            text = processor.apply_chat_template(talk, add_generation_prompt=True, tokenize=False)
            video = torch.zeros(2 * seconds, 3, TALL, WIDE)
            audio = [np.zeros(samples_of(seconds), np.float32)] if sound else None
            inputs = processor(text=text, audio=audio, videos=[video], return_tensors="pt", padding=True,
                               use_audio_in_video=sound, fps=2.0)
            lengths = inputs["feature_attention_mask"].sum(-1) if sound else None
            positions, _ = model.get_rope_index(
                inputs.input_ids, None, inputs.video_grid_thw, inputs.attention_mask, sound, lengths,
                inputs.video_second_per_grid)
            ids = inputs.input_ids[0].tolist()
            n = ids.index(processor.tokenizer.encode("#")[0], ids.index(processor.tokenizer.convert_tokens_to_ids(
                "<|VIDEO|>")))
            positions = positions[:, 0].long()
            audio_id = processor.tokenizer.convert_tokens_to_ids("<|AUDIO|>")
            assert ids[:n].count(audio_id) == (sound_tokens(mel_frames(samples_of(seconds))) if sound else 0)
            layouts[f"{seconds}{'s' if sound else ''}"] = dict(
                ids=ids[:n], positions=positions[:, :n].tolist(), next=int(positions[0, n]))
    return layouts


def prepare(options):
    folder = options.output / "tokenizer"
    texts = subprocess.run([options.tool, "--texts", "3000", "--seed", "1"], capture_output=True, text=True,
                           check=True).stdout.split("\n")
    if options.tokenizer:
        shutil.copytree(options.tokenizer, folder)
        (folder / "model.safetensors").unlink(missing_ok=True)
    else:
        make_tokenizer(texts, folder)
    (options.output / "words.json").write_text(json.dumps(words_of(texts)))
    (options.output / "layouts.json").write_text(json.dumps(make_layouts(folder, options.output)))
    model = new_model(folder)
    count = sum(value.numel() for value in model.parameters())
    print(f"{count} parameters, {2 * count} bytes")
    for part in (model.model, model.visual, model.audio_tower):
        print(type(part).__name__, sum(value.numel() for value in part.parameters()))


# --- clips -------------------------------------------------------------------

def samples_of(seconds):
    """How many samples a reader gets of a clip of that length."""
    return -(-seconds * RATE // AAC_FRAME) * AAC_FRAME


def mel_frames(samples):
    return -(-samples // 160)


def chunks_of(frames):
    """The mel frames of each chunk that the audio tower hears by itself."""
    size = 2 * SHAPE["audio"]["n_window"]
    return [min(size, frames - start) for start in range(0, frames, size)]


def sound_tokens(frames):
    return sum((size + 1) // 2 for size in chunks_of(frames)) // 2


def read_clip(stream):
    head = stream.read(28)
    if len(head) < 28:
        return None
    mark, seconds, frames, height, width, samples, size = struct.unpack("<7I", head)
    assert mark == 0x52545341 and height == HEIGHT and width == WIDTH
    pixels = np.frombuffer(stream.read(frames * height * width * 3), np.uint8).reshape(frames, height, width, 3)
    sound = np.frombuffer(stream.read(2 * samples), np.int16)
    if samples:
        sound = np.pad(sound, (0, samples_of(seconds) - samples))
    return seconds, pixels, sound, json.loads(stream.read(size))


class Packer:
    """Lays questions and answers one after the other, each seeing the clip and itself only."""

    def __init__(self, folder, seed):
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.ids = json.loads((folder / "added_tokens.json").read_text())
        self.random = np.random.default_rng(seed)
        self.tail = "<|im_end|>\n<|im_start|>assistant\n"
        self.cache = {}

    def encode(self, row):
        if "coded" not in row:
            prompt = self.tokenizer.encode(row["prompt"] + self.tail, add_special_tokens=False).ids
            answer = self.tokenizer.encode(row["answer"], add_special_tokens=False).ids
            row["coded"] = prompt, answer + [self.ids["<|im_end|>"]]
        return row["coded"]

    def choose(self, rows, stage):
        """Which rows of a clip to learn from, in the order of the curriculum."""
        by = {}
        for row in rows:
            by.setdefault(row["kind"], []).append(row)

        def pick(rows, n, weights):
            order = np.argsort(self.random.exponential(size=len(rows)) / np.array([weights(row) for row in rows]))
            return [rows[i] for i in order[:n]]

        some = lambda kind, n: pick(by.get(kind, []), n, lambda row: TOLD.get(row["attribute"], 1))
        captions = some("all", 1) if self.random.random() < [0.0, 0.2, 0.7, 0.8][stage] else []
        short = some("all-short", 1) if not captions and self.random.random() < [0.1, 0.6, 0.3, 0.0][stage] else []
        singles = some("single", [7, 4, 3, 2][stage]) + some("account", [2, 2, 2, 0][stage])
        claims = []
        for answer in ("yes", "no"):
            claims += pick([row for row in by.get("claim", []) if row["answer"] == answer], [6, 7, 8, 2][stage],
                           lambda row: HARD.get(row["class"] or row["attribute"], 1))
        self.random.shuffle(claims)
        return claims, captions + short + singles + some("refine", [1, 2, 1, 0][stage])

    def pack(self, rows, stage):
        claims, others = self.choose(rows, stage)
        out = dict(ids=np.zeros(SUFFIX, np.int64), group=np.full(SUFFIX, -2, np.int16), row=np.full(SUFFIX, -2, np.int16),
                   position=np.zeros(SUFFIX, np.int64), label=np.full(SUFFIX, -100, np.int64),
                   weight=np.zeros(SUFFIX, np.float32), kind=np.zeros(SUFFIX, np.int8))
        at = 0

        def put(tokens, group, row, position):
            nonlocal at
            n = len(tokens)
            out["ids"][at:at + n] = tokens
            out["group"][at:at + n] = group
            out["row"][at:at + n] = row
            out["position"][at:at + n] = position + np.arange(n)
            at += n

        def put_row(prompt, answer, group, row, position, weight, kind):
            if at + len(prompt) + len(answer) > SUFFIX:
                return
            put(prompt, group, row, position)
            start = at - 1
            put(answer[:-1], group, row, position + len(prompt))
            out["label"][start:start + len(answer)] = answer
            out["weight"][start:start + len(answer)] = weight
            out["kind"][start:start + len(answer)] = kind

        coded = [self.encode(row) for row in claims]
        stem = os.path.commonprefix([prompt for prompt, _ in coded]) if coded else []
        if coded:
            stem = stem[:min(len(prompt) for prompt, _ in coded) - 1]
            put(stem, 0, -1, 0)
        for n, (prompt, answer) in enumerate(coded):
            # The word decides; the end after it is learnt at once.
            put_row(prompt[len(stem):], answer, 0, n, len(stem), np.array([4] + [0.2] * (len(answer) - 1)), 1)
        kinds = dict(single=2, account=3, refine=4, all=5)
        kinds["all-short"] = 6
        for n, row in enumerate(others):
            prompt, answer = self.encode(row)
            put_row(prompt, answer, n + 1, 0, 0, 1, kinds[row["kind"]])
        return out


PACKS = 4  # ways to ask about a clip while it is kept
FIELDS = ("ids", "group", "row", "position", "label", "weight", "kind")


def read_words(bundle):
    """The fields of sound, and the numbers of the words that are said; 0 is silence."""
    words = json.loads((bundle / "words.json").read_text())
    return HEARD(words), {word: 1 + i for i, word in enumerate(words)}


def read_captions(file):
    """The captions of records, by id."""
    records = (json.loads(line) for line in file.read_text().splitlines())
    return {record["id"]: record["caption"] for record in records}


def changes(rows):
    """Whether somebody's mood changes in the clip."""
    return any(" becomes " in row["answer"] for row in rows if row["attribute"] == "emotions")


def produce(tool, folder, seed, calm, captions, stage, worker, queue, slots, frames_room, sound_room):
    """One process: render, tokenise, hand over. Of the clips in which no mood changes the share `calm`. With
    `captions` those clips alone, and what these say of them."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.nice(10)  # the learner goes first
    packer = Packer(folder, seed)
    hearing, words = read_words(folder.parent)
    process = subprocess.Popen(tool + ["--seed", str(seed), "--count", "4000000", "--output", "-"], stdout=subprocess.PIPE,
                               bufsize=1 << 20)
    number = -1
    pixels_at = [np.frombuffer(room, np.uint8) for room in frames_room]
    sound_at = [np.frombuffer(room, np.int16) for room in sound_room]
    while True:
        clip = read_clip(process.stdout)
        if clip is None:
            return
        seconds, pixels, sound, about = clip
        number += 1
        if packer.random.random() >= calm and not changes(about["rows"]):
            continue
        if captions is not None:
            caption = captions.pop(f"synth-{seed}-{number:05d}", None)
            if caption is None:
                continue
            about["rows"] = [dict(row, answer=caption) for row in about["rows"] if row["kind"] == "all"]
            packer.choose = lambda rows, stage: ([], [rows[packer.random.integers(len(rows))]])
        packs = [packer.pack(about["rows"], stage.value) for _ in range(PACKS)]
        if captions is not None and not all((pack["label"] >= 0).any() for pack in packs):
            raise SystemExit(f"the caption of synth-{seed}-{number:05d} does not fit into --suffix {SUFFIX}")
        slot = slots.get()
        pixels_at[slot][:pixels.size] = pixels.reshape(-1)
        sound_at[slot][:sound.size] = sound
        queue.put((worker, slot, seconds, len(sound), packs, seen_targets(about, SIGHT, HEIGHT, WIDTH),
                   heard_targets(about, hearing, words, sound_tokens(mel_frames(len(sound)))) if len(sound) else None))
        if captions == {}:
            process.kill()
            return


class Ring:
    """Clips in the memory of the device, by length; new ones push out the oldest. With `towers`, what those say
    of a clip is kept in its place, and the towers learn nothing."""

    def __init__(self, device, capacity, hearing, towers=None):
        self.device, self.capacity, self.towers, self.lock = device, capacity, towers, threading.Lock()
        self.bins = {}
        hidden = SHAPE["text"]["hidden_size"]
        for seconds in range(4, 13):
            for sound in (True, False):
                n = capacity if sound else max(capacity // 8, 2)
                tokens = sound_tokens(mel_frames(samples_of(seconds)))
                if towers:
                    make = lambda tokens: torch.empty(n, tokens, hidden, dtype=torch.bfloat16, device=device)
                    self.bins[seconds, sound] = dict(n=0, at=0, size=n, frames=make(seconds * CELLS_DOWN * CELLS_ACROSS),
                                                     sound=make(tokens) if sound else None, packs=[None] * n)
                    continue
                self.bins[seconds, sound] = dict(
                    n=0, at=0, size=n,
                    frames=torch.empty(n, 2 * seconds, HEIGHT, WIDTH, 3, dtype=torch.uint8, device=device),
                    sound=torch.empty(n, samples_of(seconds), dtype=torch.int16, device=device) if sound else None,
                    seen=torch.empty(n, seconds, CELLS_DOWN * CELLS_ACROSS, SIGHT.width, dtype=torch.int16, device=device),
                    heard=torch.empty(n, tokens, hearing.width, dtype=torch.int16, device=device) if sound else None,
                    packs=[None] * n)
        self.total = 0

    def add(self, seconds, pixels, sound, packs, targets):
        bin_ = self.bins[seconds, len(sound) > 0]
        seen, heard = torch.from_numpy(pixels.reshape(2 * seconds, HEIGHT, WIDTH, 3)), torch.from_numpy(sound)
        if self.towers:
            seen, heard = self.towers(seconds, seen[None], heard[None] if len(sound) else None)
        with self.lock:
            at = bin_["at"]
            bin_["frames"][at].copy_(seen.reshape(bin_["frames"][at].shape))
            if len(sound):
                bin_["sound"][at].copy_(heard.reshape(bin_["sound"][at].shape))
            if not self.towers:
                bin_["seen"][at].copy_(torch.from_numpy(targets[0]))
                if len(sound):
                    bin_["heard"][at].copy_(torch.from_numpy(targets[1]))
            bin_["packs"][at] = packs
            bin_["at"] = (at + 1) % bin_["size"]
            bin_["n"] = min(bin_["n"] + 1, bin_["size"])
            self.total += 1

    def sample(self, random, size, asked=True):
        """A batch of one length: the lengths in the proportion in which they come. Without `asked`, no questions."""
        keys = [key for key, bin_ in self.bins.items() if bin_["n"] > 0]
        share = np.array([1.0 if sound else 0.11 for _, sound in keys])
        seconds, sound = keys[random.choice(len(keys), p=share / share.sum())]
        bin_ = self.bins[seconds, sound]
        with self.lock:
            index = random.permutation(bin_["n"])[:size]
            where = torch.from_numpy(index).to(self.device)
            packs = [bin_["packs"][i][random.integers(PACKS)] for i in index if asked]
            frames = bin_["frames"][where]
            heard = bin_["sound"][where] if sound else None
            targets = None if self.towers else (bin_["seen"][where], bin_["heard"][where] if sound else None)
        fields = {name: torch.from_numpy(np.stack([pack[name] for pack in packs])).to(self.device)
                  for name in FIELDS if asked}
        return seconds, frames, heard, fields, targets


# --- preprocessing, as the processor does it ---------------------------------

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711])


def spoil(frames, noise, level):
    """What H.264 does to a picture, roughly: colour at half the resolution, a little noise."""
    y = 0.299 * frames[:, 0] + 0.587 * frames[:, 1] + 0.114 * frames[:, 2]
    n, height, width = y.shape

    def halved(x):
        x = x.reshape(n, height // 2, 2, width // 2, 2).mean((2, 4))
        return x[:, :, None, :, None].expand(-1, -1, 2, -1, 2).reshape(n, height, width)

    blue, red = y + halved(frames[:, 2] - y), y + halved(frames[:, 0] - y)
    green = (y - 0.299 * red - 0.114 * blue) / 0.587
    return (torch.stack([red, green, blue], 1) + level * noise).clamp(0, 255).round()


def normalise(x, mean, std, dtype):
    """[frames, 3, height, width] to [pairs, patches, 2 * 3 * 28 * 28], scaled as the processor does it."""
    x = ((x.clamp(0, 255).round() / 255 - mean) / std).to(dtype)
    x = x.reshape(x.shape[0] // 2, 2, 3, TALL // 56, 2, PATCH, WIDE // 56, 2, PATCH)
    # pair, block row, block column, row in it, column in it, colour, time, y, x
    x = x.permute(0, 3, 6, 4, 7, 2, 1, 5, 8)
    return x.reshape(x.shape[0], TALL // PATCH * (WIDE // PATCH), -1)


def resizing(size, to):
    """[to, size]: torchvision's antialiased bicubic along one side."""
    return F.interpolate(torch.eye(size)[None, None], (to, size), mode="bicubic", antialias=True)[0, 0]


def patches_of(ops, frames, dtype, generator=None):
    """[clips, frames, height, width, 3] of bytes to [clips * frames / 2, patches, values]."""
    x = frames.flatten(0, 1).permute(0, 3, 1, 2).float().contiguous()
    if generator is not None:
        draw = torch.rand(len(x), 1, 1, 1, device=x.device, generator=generator)
        x = ops.spoil(x, torch.randn(x.shape, device=x.device, generator=generator), 3 * draw)
    down, across = (resizing(size, to).to(x.device) for size, to in ((HEIGHT, TALL), (WIDTH, WIDE)))
    x = down @ x @ across.T
    return ops.normalise(x, MEAN.to(x.device)[:, None, None], STD.to(x.device)[:, None, None], dtype)


class Mel:
    def __init__(self, device):
        from transformers import WhisperFeatureExtractor

        self.filters = torch.tensor(WhisperFeatureExtractor(feature_size=128).mel_filters, dtype=torch.float32,
                                    device=device)
        self.window = torch.hann_window(400, device=device)

    def __call__(self, sound, generator=None):
        """[clips, samples] to [clips, 128, frames]; behind the clip is silence, as in the padded original."""
        x = sound.float() / 32768
        if generator is not None:
            draw = lambda: torch.rand(len(x), 1, device=x.device, generator=generator)
            x = x * (0.7 + 0.5 * draw())
            x = x + 0.002 * draw() ** 2 * torch.randn(x.shape, device=x.device, generator=generator)
        frames = mel_frames(x.shape[1])
        power = torch.stft(F.pad(x, (0, 800)), 400, 160, window=self.window, return_complex=True).abs()[..., :frames] ** 2
        mel = (self.filters.T @ power).clamp(min=1e-10).log10()
        mel = torch.maximum(mel, mel.amax((1, 2), keepdim=True) - 8)
        return (mel + 4) / 4


# --- the model's own layers, for many clips at once --------------------------

def rms_norm(x, weight, eps):
    wide = x.float()
    return weight.to(x.dtype) * (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + eps)).to(x.dtype)


def rotate(x, cos, sin):
    wide, half = x.float(), x.shape[-1] // 2
    return (wide * cos + torch.cat((-wide[..., half:], wide[..., :half]), -1) * sin).to(x.dtype)


def gate(x, y):
    return F.silu(x) * y


class Ops:
    """The parts that move much and compute little; compiled, each is one pass over the memory."""

    def __init__(self, compiled):
        for f in (rms_norm, rotate, gate, spoil, normalise):
            setattr(self, f.__name__, torch.compile(f, dynamic=True) if compiled else f)


def see(ops, visual, patches):
    """[pairs, patches, values] to [pairs, tokens, hidden]; one window holds a whole frame."""
    weight = visual.patch_embed.proj.weight
    x = F.linear(patches, weight.reshape(len(weight), -1))
    grid = torch.tensor([[1, TALL // PATCH, WIDE // PATCH]], device=x.device)
    angles = visual.rot_pos_emb(grid).to(x.device)
    cos, sin = (f(angles).repeat(1, 2)[:, None] for f in (torch.cos, torch.sin))
    pairs, n = x.shape[:2]
    for block in visual.blocks:
        a, mlp = block.attn, block.mlp
        h = ops.rms_norm(x, block.norm1.weight, 1e-6)
        q, k, v = (part(h).reshape(pairs, n, a.num_heads, -1) for part in (a.q, a.k, a.v))
        q, k = ops.rotate(q, cos, sin), ops.rotate(k, cos, sin)
        o = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2))
        x = x + a.proj(o.transpose(1, 2).reshape(pairs, n, -1))
        h = ops.rms_norm(x, block.norm2.weight, 1e-6)
        x = x + mlp.down_proj(ops.gate(mlp.gate_proj(h), mlp.up_proj(h)))
    merger = visual.merger
    x = ops.rms_norm(x, merger.ln_q.weight, 1e-6)
    return merger.mlp(x.reshape(pairs, n // 4, -1))


def hear_chunks(tower, mel, size):
    """[clips, 128, frames] to [clips, rows, width]; `frames` is a multiple of `size`, the frames of a chunk."""
    clips, bins, frames = mel.shape
    x = mel.reshape(clips, bins, frames // size, size).transpose(1, 2).reshape(-1, bins, size)
    x = F.gelu(tower.conv2(F.gelu(tower.conv1(x)))).transpose(1, 2)
    x = x + tower.positional_embedding.positional_embedding[:x.shape[1]].to(x.dtype)
    n, rows = x.shape[:2]
    for layer in tower.layers:
        a = layer.self_attn
        h = layer.self_attn_layer_norm(x)
        q, k, v = (part(h).reshape(n, rows, a.num_heads, -1).transpose(1, 2) for part in (a.q_proj, a.k_proj, a.v_proj))
        o = F.scaled_dot_product_attention(q, k, v)
        x = x + a.out_proj(o.transpose(1, 2).reshape(n, rows, -1))
        x = x + layer.fc2(F.gelu(layer.fc1(layer.final_layer_norm(x))))
    return x.reshape(clips, -1, x.shape[-1])


def hear(tower, mel):
    """[clips, 128, frames] to [clips, tokens, hidden]."""
    sizes = chunks_of(mel.shape[2])
    whole = sum(size for size in sizes if size == sizes[0])
    parts = [hear_chunks(tower, mel[..., :whole], sizes[0])]
    if whole < mel.shape[2]:
        parts.append(hear_chunks(tower, mel[..., whole:], mel.shape[2] - whole))
    x = F.avg_pool1d(torch.cat(parts, 1).transpose(1, 2), 2, 2).transpose(1, 2)
    return tower.proj(tower.ln_post(x))


def angles_of(text, x, positions):
    """The cosines and sines of mRoPE, time, height and width in their sections: [clips, tokens, 1, head]."""
    section = text.config.rope_scaling["mrope_section"] * 2
    return (torch.cat([part[i % 3] for i, part in enumerate(whole.float().split(section, -1))], -1)[:, :, None]
            for whole in text.rotary_emb(x.float(), positions))


def decode(ops, text, x, positions, mask):
    """The decoder's layers. The clip is plain causal; the questions behind it see what the mask says."""
    cos, sin = angles_of(text, x, positions)
    clips, length = x.shape[:2]
    p = mask.shape[-1] - mask.shape[-2]
    for layer in text.layers:
        a, mlp = layer.self_attn, layer.mlp
        h = ops.rms_norm(x, layer.input_layernorm.weight, text.config.rms_norm_eps)
        q, k, v = (part(h).reshape(clips, length, -1, a.head_dim) for part in (a.q_proj, a.k_proj, a.v_proj))
        q, k = ops.rotate(q, cos, sin).transpose(1, 2), ops.rotate(k, cos, sin).transpose(1, 2)
        k, v = k.repeat_interleave(a.num_key_value_groups, 1), v.transpose(1, 2).repeat_interleave(
            a.num_key_value_groups, 1)
        first = F.scaled_dot_product_attention(q[:, :, :p], k[:, :, :p], v[:, :, :p], is_causal=True)
        rest = F.scaled_dot_product_attention(q[:, :, p:], k, v, attn_mask=mask)
        o = torch.cat((first.transpose(1, 2), rest.transpose(1, 2)), 1)
        x = x + a.o_proj(o.reshape(clips, length, -1))
        h = ops.rms_norm(x, layer.post_attention_layernorm.weight, text.config.rms_norm_eps)
        x = x + mlp.down_proj(ops.gate(mlp.gate_proj(h), mlp.up_proj(h)))
    return ops.rms_norm(x[:, p:], text.norm.weight, text.config.rms_norm_eps)


class Learner:
    def __init__(self, model, bundle, device, fast=False):
        self.model, self.device, self.mel = model, device, Mel(device)
        self.ops, self.dtype = Ops(fast), torch.bfloat16 if fast else torch.float32
        config = model.config
        self.audio, self.video = config.audio_token_index, config.video_token_index
        self.layouts = {}
        for name, layout in json.loads((bundle / "layouts.json").read_text()).items():
            self.layouts[name] = (torch.tensor(layout["ids"], device=device),
                                  torch.tensor(layout["positions"], device=device), layout["next"])

    def media(self, seconds, frames, heard, generator=None):
        """What the towers say of the clips: [clips, tokens, hidden] of pictures and of sound."""
        model = self.model
        with torch.no_grad():
            patches = patches_of(self.ops, frames, self.dtype, generator)
            mel = self.mel(heard, generator) if heard is not None else None
        seen = see(self.ops, model.visual, patches)
        return (seen.reshape(len(frames), -1, seen.shape[-1]),
                hear(model.audio_tower, mel) if mel is not None else None)

    def hidden(self, seconds, media, fields):
        """What the decoder has at the questions: [clips, SUFFIX, hidden]."""
        model, (seen, heard) = self.model, media
        ids, positions, follow = self.layouts[f"{seconds}{'s' if heard is not None else ''}"]
        clips, p = len(seen), len(ids)
        embed = model.model.embed_tokens
        x = embed(ids).to(self.dtype).expand(clips, -1, -1).clone()
        x[:, ids == self.video] = seen.to(x.dtype)
        if heard is not None:
            x[:, ids == self.audio] = heard.to(x.dtype)
        x = torch.cat((x, embed(fields["ids"]).to(self.dtype)), 1)
        after = (follow + fields["position"]).expand(3, -1, -1)
        positions = torch.cat((positions[:, None].expand(-1, clips, -1), after), 2)
        group, row = fields["group"], fields["row"]
        n = group.shape[1]
        same = (group[:, :, None] == group[:, None]) & ((row[:, None] == -1) | (row[:, :, None] == row[:, None]))
        same &= torch.ones(n, n, dtype=torch.bool, device=x.device).tril()
        # Lengths that are no multiple of eight would be copied in every layer.
        mask = torch.zeros(clips, n, (p + n + 7) // 8 * 8, dtype=x.dtype, device=x.device)[..., :p + n]
        mask[..., p:].masked_fill_(~same, -math.inf)
        mask = mask[:, None]
        return decode(self.ops, model.model, x, positions, mask)

    def loss(self, hidden, fields):
        asked = fields["label"] >= 0
        logits = self.model.lm_head(hidden[asked]).float()
        label, weight = fields["label"][asked], fields["weight"][asked]
        each = F.cross_entropy(logits, label, reduction="none")
        right = logits.argmax(-1) == label
        return (each * weight).sum() / weight.sum(), each.detach(), right, fields["kind"][asked], weight


def self_check(model, bundle, clip):
    """The shortcuts give what the class's own forward() gives."""
    seconds, pixels, sound, about = clip
    model.eval()
    learner = Learner(model, bundle, torch.device("cpu"))
    frames, heard = torch.from_numpy(pixels.copy())[None], torch.from_numpy(sound.copy())[None] if len(sound) else None
    packer = Packer(bundle / "tokenizer", 1)
    pack = packer.pack(about["rows"], 2)
    fields = {name: torch.from_numpy(pack[name])[None] for name in FIELDS}
    ids, positions, follow = learner.layouts[f"{seconds}{'s' if len(sound) else ''}"]
    with torch.no_grad():
        got = model.lm_head(learner.hidden(seconds, learner.media(seconds, frames, heard), fields)[0])
        worst = 0
        for group in sorted(set(pack["group"][pack["group"] >= 0].tolist())):
            for row in sorted(set(pack["row"][(pack["group"] == group) & (pack["row"] >= 0)].tolist()))[:4]:
                at = (pack["group"] == group) & ((pack["row"] == -1) | (pack["row"] == row))
                tokens = torch.cat((ids, torch.from_numpy(pack["ids"][at])))[None]
                place = torch.cat((positions, (follow + torch.from_numpy(pack["position"][at])).expand(3, -1)), 1)
                extra = {}
                if len(sound):
                    mel = learner.mel(heard)
                    extra = dict(input_features=mel, feature_attention_mask=torch.ones(1, mel.shape[2], dtype=torch.long),
                                 use_audio_in_video=True)
                out = model(input_ids=tokens, attention_mask=torch.ones_like(tokens), position_ids=place[:, None],
                            pixel_values_videos=patches_of(learner.ops, frames, torch.float32).reshape(-1, 3 * 2 * PATCH * PATCH),
                            video_grid_thw=torch.tensor([[seconds, TALL // PATCH, WIDE // PATCH]]),
                            video_second_per_grid=torch.tensor([1.0]), **extra).logits[0, len(ids):]
                worst = max(worst, float((out - got[torch.from_numpy(at)]).abs().max()))
    model.train()
    print(f"shortcuts against forward(): logits differ by {worst:.2e}", flush=True)
    assert worst < 2e-3


# --- training ----------------------------------------------------------------

KINDS = ["", "claim", "single", "account", "refine", "all", "short"]


def answers(learner, packer, clip, rows, claims):
    """What the model would say at each place of the answers: pairs of right and said tokens, by row."""
    seconds, pixels, sound, _ = clip
    packer.choose = lambda rows, stage: (rows, []) if claims else ([], rows)
    pack = packer.pack(rows, 2)
    device = learner.device
    fields = {name: torch.from_numpy(pack[name])[None].to(device) for name in FIELDS}
    heard = torch.from_numpy(sound.copy())[None].to(device) if len(sound) else None
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=learner.dtype == torch.bfloat16):
        media = learner.media(seconds, torch.from_numpy(pixels.copy())[None].to(device), heard)
        hidden = learner.hidden(seconds, media, fields)
        said = learner.model.lm_head(hidden[0]).argmax(-1).cpu().numpy()
    for n, row in enumerate(rows):
        at = (pack["row"] == n) & (pack["group"] == 0) if claims else pack["group"] == n + 1
        at &= pack["label"] >= 0
        if claims:
            at &= pack["weight"] > 1
        if at.any():
            yield row, pack["label"][at], said[at]


def evaluate(learner, clips, packer):
    """Clips that were never learnt from, answers forced: right words of claims by class, right tokens by attribute."""
    table = {}

    def count(name, right, n):
        have = table.setdefault(name, [0, 0])
        have[0] += int(right)
        have[1] += n

    for clip in clips:
        by = lambda *kinds: [row for row in clip[3]["rows"] if row["kind"] in kinds]
        for row, want, said in answers(learner, packer, clip, by("claim"), True):
            right = want[0] == said[0]
            count("claim, all", right, 1)
            count(f"claim, false, {row['class']}" if row.get("class") else f"claim, true, {row['attribute']}", right, 1)
        for rows in (by("single")[::3], by("all")[:1]):
            for row, want, said in answers(learner, packer, clip, rows, False):
                count(f"tokens, {row['attribute'] or row['kind']}", (want == said).sum(), len(want))
    return "\n".join(f"{name}: {right / n:.3f} of {n}" for name, (right, n) in sorted(table.items()))


class Renderers:
    """Processes that render; a thread carries what they made to the ring."""

    SLOTS = 6

    def __init__(self, options):
        context = mp.get_context("fork")
        self.stage, self.queue, self.rooms, self.processes = context.Value("i", 0), context.Queue(256), [], []
        for worker in range(options.processes):
            frames = [context.RawArray("B", 24 * HEIGHT * WIDTH * 3) for _ in range(self.SLOTS)]
            sound = [context.RawArray("h", samples_of(12)) for _ in range(self.SLOTS)]
            slots = context.Queue()
            for slot in range(self.SLOTS):
                slots.put(slot)
            process = context.Process(target=produce, daemon=True, args=(
                options.tool.split(), options.bundle / "tokenizer", options.data_seed + worker, options.calm,
                read_captions(options.captions) if options.captions else None, self.stage, worker, self.queue, slots, frames, sound))
            process.start()
            self.processes.append(process)
            self.rooms.append((slots, [np.frombuffer(f, np.uint8) for f in frames],
                               [np.frombuffer(s, np.int16) for s in sound]))
        self.ended = threading.Event()

    def carry(self, ring):
        """One clip, to the ring."""
        worker, slot, seconds, samples, packs, *targets = self.queue.get()
        slots, frames, sound = self.rooms[worker]
        ring.add(seconds, frames[slot][:2 * seconds * HEIGHT * WIDTH * 3], sound[slot][:samples], packs, targets)
        slots.put(slot)

    def feed(self, ring, full, rate):
        """Carry on; once `full` are there no more than `rate` a second, which leaves the learner its time."""
        def carry():
            while not self.ended.is_set():
                if ring.total >= full:
                    time.sleep(1 / rate)
                self.carry(ring)

        threading.Thread(target=carry, daemon=True).start()

    def end(self):
        self.ended.set()
        for process in self.processes:
            process.terminate()


def some_clips(tool, seed, n):
    process = subprocess.Popen(tool.split() + ["--seed", str(seed), "--count", str(n), "--output", "-"],
                               stdout=subprocess.PIPE)
    clips = [read_clip(process.stdout) for _ in range(n)]
    process.wait()
    return clips


def add_up(table, told):
    for name, (right, n) in told.items():
        have = table.setdefault(name, [0, 0])
        have[0] += right
        have[1] += n


def shares(table):
    return "  ".join(f"{name} {right / max(n, 1):.3f}" for name, (right, n) in table.items())


def train(options):
    global SUFFIX

    SUFFIX = options.suffix
    if options.captions:
        options.processes, options.fresh, options.frozen_towers = 1, 0, True
        options.fill = len(read_captions(options.captions))
    start = time.time()
    device = torch.device(options.device)
    amp = device.type == "cuda" or options.amp
    renderers = Renderers(options)
    renderers.stage.value = options.stage if options.start else 0
    held_out = some_clips(options.tool, options.held_out, max(options.evaluate, 1))
    model = new_model(options.bundle / "tokenizer", options.seed)
    if options.start:
        load_weights(model, options.start)
    self_check(model, options.bundle, held_out[0])
    model = model.to(device)
    learner = Learner(model, options.bundle, device, amp)
    noise = torch.Generator(device=device)

    def towers(seconds, frames, heard):
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=amp):
            return learner.media(seconds, frames, heard, noise)

    hearing = read_words(options.bundle)[0]
    tellers = torch.nn.ModuleList([Teller(SHAPE["text"]["hidden_size"], fields) for fields in (SIGHT, hearing)]
                                  if options.tell else []).to(device)
    if options.frozen_towers:
        model.visual.requires_grad_(False)
        model.audio_tower.requires_grad_(False)
    ring = Ring(device, options.ring, hearing, towers if options.frozen_towers else None)
    if not options.frozen_towers:
        renderers.feed(ring, 8 * options.ring, options.refresh)
    packer = Packer(options.bundle / "tokenizer", 1)
    learning = [value for part in (model, tellers) for value in part.parameters() if value.requires_grad]
    decay = [value for value in learning if value.ndim > 1]
    other = [value for value in learning if value.ndim <= 1]
    optimizer = torch.optim.AdamW([dict(params=decay, weight_decay=0.05), dict(params=other, weight_decay=0.0)],
                                  lr=options.rate, betas=(0.9, 0.98), fused=device.type == "cuda")
    random, generator = np.random.default_rng(options.seed), torch.Generator(device=device)
    generator.manual_seed(options.seed)
    while ring.total < options.fill:
        if options.frozen_towers:
            renderers.carry(ring)
        else:
            time.sleep(0.2)
    sums, counts, losses, table = {}, {}, [], {}

    def tell(media, targets, count):
        """What the towers miss, once asked directly."""
        missed = 0
        for teller, said, right_ones in zip(tellers, media, targets or ()):
            if said is not None:
                each, told = teller(said, right_ones, count)
                missed = missed + each
                add_up(table, told)
        return missed

    def learn(loss, rate):
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()

    def show(step, begin, name):
        print(f"{time.time() - start:.0f} s step {step} ({1000 * (time.time() - begin) / step:.0f} ms) {name} "
              f"clips {ring.total} loss {np.mean(losses or [0]):.4f}  "
              + "  ".join(f"{KINDS[k]} {sums[k] / counts[k]:.4f}" for k in sorted(sums))
              + "  " + shares(table), flush=True)
        for one in (sums, counts, losses, table):
            one.clear()

    print(f"{time.time() - start:.0f} s: {ring.total} clips; learning begins", flush=True)
    step, begin, shown = 0, time.time(), time.time()
    while time.time() - begin < options.towers:
        seconds, frames, heard, _, targets = ring.sample(random, options.towers_batch, asked=False)
        with torch.autocast(device.type, torch.bfloat16, enabled=amp):
            missed = tell(learner.media(seconds, frames, heard, generator), targets, step % 20 == 19)
        learn(missed, options.rate * min(1, (step + 1) / options.warm))
        step += 1
        if step % 20 == 0:
            losses.append(float(missed.detach()))
        if time.time() - shown > options.show:
            show(step, begin, "towers")
            shown = time.time()
    step, progress, begin = 0, 0.0, time.time()
    while progress < 1:
        progress = max(step / options.steps, (time.time() - begin) / max(start + options.seconds - begin, 1))
        if not options.start:
            renderers.stage.value = 0 if progress < 0.2 else 1 if progress < 0.45 else 2
        warm = min(1, (step + 1) / options.warm)
        for _ in range(options.fresh if options.frozen_towers else 0):
            renderers.carry(ring)
        seconds, frames, heard, fields, targets = ring.sample(random, options.batch)
        with torch.autocast(device.type, torch.bfloat16, enabled=amp):
            media = (frames, heard) if options.frozen_towers else learner.media(seconds, frames, heard, generator)
            hidden = learner.hidden(seconds, media, fields)
            loss, each, right, kind, weight = learner.loss(hidden, fields)
        learn(loss + options.tell * tell(media, targets, step % 20 == 19),
              options.rate * warm * (0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * min(progress, 1)))))
        step += 1
        if step % 20 == 0:
            losses.append(float(loss.detach()))
            for k in range(1, len(KINDS)):
                at = (kind == k) & ((weight > 1) if k == 1 else (weight > 0))
                if bool(at.any()):
                    sums[k] = sums.get(k, 0) + float(right[at].float().mean())
                    counts[k] = counts.get(k, 0) + 1
        if time.time() - shown > options.show:
            show(step, begin, f"stage {renderers.stage.value}")
            shown = time.time()
        if options.save_every and step % options.save_every == 0:
            save(model, options.bundle / "tokenizer", options.output)
    renderers.end()
    save(model, options.bundle / "tokenizer", options.output)
    print(f"{time.time() - start:.0f} s: {step} steps, {ring.total} clips; saved", flush=True)
    model.eval()
    if held_out[1:]:
        print(evaluate(learner, held_out, packer), flush=True)
    print(f"{time.time() - start:.0f} s: done", flush=True)
    os._exit(0)  # the renderers hold pipes that nobody reads any more


def sights(options, queue):
    """Pairs of frames and what there is to see in them, clip by clip."""
    process = subprocess.Popen(options.tool.split() + ["--pictures", "--seed", str(options.data_seed), "--count", "4000000",
                                                       "--output", "-"], stdout=subprocess.PIPE, bufsize=1 << 20)
    while (clip := read_clip(process.stdout)) is not None:
        seconds, pixels, _, about = clip
        queue.put((pixels.reshape(seconds, 2, HEIGHT, WIDTH, 3), seen_targets(about, SIGHT, HEIGHT, WIDTH)))


def sounds(options, queue):
    """Chunks of sound, of which the tower hears one at a time, and what there is to hear in them."""
    hearing, words = read_words(options.bundle)
    mel, generator = Mel(torch.device("cpu")), torch.Generator()
    torch.set_num_threads(1)
    process = subprocess.Popen(options.tool.split() + ["--seed", str(options.data_seed), "--count", "4000000", "--output", "-"],
                               stdout=subprocess.PIPE, bufsize=1 << 20)
    while (clip := read_clip(process.stdout)) is not None:
        seconds, _, sound, about = clip
        if len(sound):
            size = 2 * SHAPE["audio"]["n_window"]
            heard = mel(torch.from_numpy(sound.copy())[None], generator)[0]
            targets = heard_targets(about, hearing, words, sound_tokens(heard.shape[1]))
            n = heard.shape[1] // size
            queue.put((heard[:, :n * size].reshape(128, n, size).transpose(0, 1).half().numpy(),
                       targets[:n * size // 4].reshape(n, size // 4, -1)))


def notice(options):
    """One tower alone learns what is to be noticed, which the words of captions teach it slowly."""
    context = mp.get_context("fork")
    queue = context.Queue(64)
    worker = context.Process(target=sights if options.sight else sounds, args=(options, queue), daemon=True)
    worker.start()
    model = new_model(options.bundle / "tokenizer", 1)
    if options.start:
        load_weights(model, options.start)
    ops, generator, dtype = Ops(options.amp), torch.Generator(), torch.bfloat16 if options.amp else torch.float32
    tower = model.visual if options.sight else model.audio_tower
    teller = Teller(SHAPE["text"]["hidden_size"], SIGHT if options.sight else read_words(options.bundle)[0])
    weights = [*tower.parameters(), *teller.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=options.rate, betas=(0.9, 0.98), weight_decay=0.02)
    random = np.random.default_rng(1)
    kept, step, begin, shown, table, losses = [], 0, time.time(), time.time(), {}, []
    while (progress := (time.time() - begin) / options.seconds) < 1:
        while len(kept) < options.keep or (not queue.empty() and random.random() < 0.9):
            for one in zip(*queue.get()):
                if len(kept) < options.keep:
                    kept.append(one)
                else:
                    kept[random.integers(len(kept))] = one
        batch = [kept[i] for i in random.integers(len(kept), size=options.batch)]
        given, targets = (torch.from_numpy(np.stack(part)) for part in zip(*batch))
        warm = min(1, (step + 1) / 100)
        for group in optimizer.param_groups:
            group["lr"] = options.rate * warm * (0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * progress)))
        if options.sight:
            with torch.no_grad():
                given = patches_of(ops, given, dtype, generator)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.amp):
            tokens = see(ops, tower, given) if options.sight else hear(tower, given.float())
        loss, told = teller(tokens, targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        step += 1
        losses.append(float(loss.detach()))
        add_up(table, told)
        if time.time() - shown > options.show:
            print(f"{time.time() - begin:.0f} s step {step} ({1000 * (time.time() - begin) / step:.0f} ms) loss {np.mean(losses):.3f}  "
                  + shares(table), flush=True)
            shown, table, losses = time.time(), {}, []
            save(model, options.bundle / "tokenizer", options.output)
    save(model, options.bundle / "tokenizer", options.output)
    worker.terminate()


def measure(options):
    model = new_model(options.checkpoint)
    load_weights(model, options.checkpoint)
    model.eval()
    learner = Learner(model, options.bundle, torch.device("cpu"))
    print(evaluate(learner, some_clips(options.tool, options.held_out, options.evaluate), Packer(options.checkpoint, 1)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("prepare")
    verb.add_argument("--tool", required=True, help="the program make_training_set")
    verb.add_argument("--output", type=pathlib.Path, required=True)
    verb.add_argument("--tokenizer", type=pathlib.Path, help="a checkpoint whose tokenizer is kept, to go on from it")
    verb.set_defaults(call=prepare)
    for name, sight in (("see", True), ("hear", False)):
        verb = verbs.add_parser(name)
        verb.add_argument("--tool", required=True)
        verb.add_argument("--bundle", type=pathlib.Path, required=True)
        verb.add_argument("--output", type=pathlib.Path, required=True)
        verb.add_argument("--start", type=pathlib.Path)
        verb.add_argument("--seconds", type=float, default=1200)
        verb.add_argument("--batch", type=int, default=32 if sight else 128)
        verb.add_argument("--keep", type=int, default=3000 if sight else 8000, help="pairs of frames or chunks of sound")
        verb.add_argument("--data-seed", type=int, default=500000)
        verb.add_argument("--amp", action="store_true")
        verb.add_argument("--rate", type=float, default=1e-3)
        verb.add_argument("--show", type=float, default=20)
        verb.set_defaults(call=notice, sight=sight)
    verb = verbs.add_parser("train")
    verb.add_argument("--tool", required=True)
    verb.add_argument("--bundle", type=pathlib.Path, required=True)
    verb.add_argument("--output", type=pathlib.Path, required=True)
    verb.add_argument("--start", type=pathlib.Path, help="a checkpoint to go on from")
    verb.add_argument("--stage", type=int, default=2, help="of the curriculum, with --start; 3: mostly captions, which leaves room in a shorter --suffix")
    verb.add_argument("--frozen-towers", action="store_true", help="the decoder alone learns: each clip is seen and heard once")
    verb.add_argument("--tell", type=float, default=0, help="weight of telling the towers what is where and heard when, "
                      "beside the words")
    verb.add_argument("--towers", type=float, default=0, help="seconds that the towers learn alone first, from what they are told")
    verb.add_argument("--towers-batch", type=int, default=192)
    verb.add_argument("--fresh", type=int, default=4, help="new clips a step, with --frozen-towers")
    verb.add_argument("--captions", type=pathlib.Path, help="records of asid-synth's clips of seed --data-seed: learn these "
                      "captions alone, with towers frozen; --ring is to hold them all")
    verb.add_argument("--calm", type=float, default=1, help="share of the clips without a change of mood that are learnt from")
    verb.add_argument("--suffix", type=int, default=SUFFIX, help="tokens of questions and answers of a clip")
    verb.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    verb.add_argument("--seed", type=int, default=1)
    verb.add_argument("--data-seed", type=int, default=1000, help="of the first process that renders")
    verb.add_argument("--held-out", type=int, default=77, help="seed of the clips that are never learnt from")
    verb.add_argument("--evaluate", type=int, default=100)
    verb.add_argument("--processes", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    verb.add_argument("--steps", type=int, default=7000)
    verb.add_argument("--seconds", type=float, default=1e9, help="end the schedule by then, counted from the start")
    verb.add_argument("--batch", type=int, default=48)
    verb.add_argument("--amp", action="store_true", help="bfloat16 on a CPU too")
    verb.add_argument("--rate", type=float, default=1.5e-3)
    verb.add_argument("--warm", type=int, default=300)
    verb.add_argument("--ring", type=int, default=2000, help="clips kept of each length")
    verb.add_argument("--fill", type=int, default=4000, help="clips to render before the first step")
    verb.add_argument("--refresh", type=float, default=150, help="clips a second that replace kept ones")
    verb.add_argument("--show", type=float, default=10)
    verb.add_argument("--save-every", type=int, default=0)
    verb.set_defaults(call=train)
    verb = verbs.add_parser("measure")
    verb.add_argument("--tool", required=True)
    verb.add_argument("--bundle", type=pathlib.Path, required=True, help="what prepare made")
    verb.add_argument("--checkpoint", type=pathlib.Path, required=True)
    verb.add_argument("--held-out", type=int, default=77)
    verb.add_argument("--evaluate", type=int, default=200, help="how many clips")
    verb.set_defaults(call=measure)
    options = parser.parse_args()
    options.call(options)


if __name__ == "__main__":
    sys.exit(main())
