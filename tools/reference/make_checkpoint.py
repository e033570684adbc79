#!/usr/bin/env python3
"""Build the tiny Qwen2.5-Omni checkpoints that the tests read.

Every checkpoint is a complete folder as published: config, tokenizer, weights.
The weights are random but not small, so that a wrong rotation, mask or norm
shows in the outputs.  All values are exact in bfloat16 whatever type they are
stored in, so that a reader may keep them in any of the three types.
"""

import argparse
import json
import math
import pathlib
import shutil

import torch
from safetensors.torch import load_file, save_file
from transformers import (
    Qwen2_5OmniConfig,
    Qwen2_5OmniForConditionalGeneration,
    Qwen2_5OmniThinkerConfig,
    Qwen2_5OmniThinkerForConditionalGeneration,
    Qwen2TokenizerFast,
)

MERGES = 700

ADDED = [  # (text, special), in published order
    ("<|endoftext|>", True),
    ("<|im_start|>", True),
    ("<|im_end|>", True),
    ("<|AUDIO|>", True),
    ("<|audio_bos|>", True),
    ("<|audio_eos|>", True),
    ("<|box_end|>", True),
    ("<|quad_start|>", True),
    ("<|quad_end|>", True),
    ("<|vision_bos|>", True),
    ("<|vision_eos|>", True),
    ("<|vision_pad|>", True),
    ("<|IMAGE|>", True),
    ("<|VIDEO|>", True),
    ("<tool_call>", False),
    ("</tool_call>", False),
    ("<|fim_prefix|>", False),
    ("<|fim_middle|>", False),
    ("<|fim_suffix|>", False),
    ("<|fim_pad|>", False),
    ("<|repo_name|>", False),
    ("<|file_sep|>", False),
]

NAMED = {  # the names by which the processor asks for its tokens
    "audio_bos_token": "<|audio_bos|>",
    "audio_eos_token": "<|audio_eos|>",
    "audio_token": "<|AUDIO|>",
    "image_token": "<|IMAGE|>",
    "video_token": "<|VIDEO|>",
    "vision_bos_token": "<|vision_bos|>",
    "vision_eos_token": "<|vision_eos|>",
}

SYSTEM = ("You are Qwen, a virtual human developed by the Qwen Team, Alibaba Group, capable of perceiving auditory and "
          "visual inputs, as well as generating text and speech.")
TEMPLATE = (
    "{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "{% endif %}"
    "<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for item in message['content'] %}"
    "{% if item['type'] == 'image' %}<|vision_bos|><|IMAGE|><|vision_eos|>"
    "{% elif item['type'] == 'audio' %}<|audio_bos|><|AUDIO|><|audio_eos|>"
    "{% elif item['type'] == 'video' %}<|vision_bos|><|VIDEO|><|vision_eos|>"
    "{% elif 'text' in item %}{{ item['text'] }}"
    "{% endif %}{% endfor %}{% endif %}"
    "<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

VARIANTS = {
    # The full layout: thinker.* in several shards, bfloat16.
    "tiny-a": dict(
        seed=1, layout="full", dtype=torch.bfloat16, shard="400KB", template="chat_template.json",
        vocab_size=984,
        text=dict(hidden_size=96, intermediate_size=160, num_hidden_layers=3, num_attention_heads=6,
                  num_key_value_heads=2, rope_theta=1e6, rms_norm_eps=1e-6, mrope=[2, 3, 3]),
        vision=dict(depth=4, hidden_size=64, intermediate_size=84, num_heads=4, window_size=112,
                    fullatt_block_indexes=[1, 3]),
        audio=dict(encoder_layers=2, encoder_attention_heads=4, encoder_ffn_dim=128, d_model=64, n_window=100),
    ),
    # The Thinker alone, float32, one file, tied head, and every size "odd".
    "tiny-b": dict(
        seed=2, layout="thinker", dtype=torch.float32, shard="50MB", template="chat_template.jinja",
        vocab_size=979, tied=True,
        text=dict(hidden_size=72, intermediate_size=150, num_hidden_layers=2, num_attention_heads=4,
                  num_key_value_heads=1, head_dim=20, rope_theta=1e4, rms_norm_eps=1e-5, mrope=[2, 3, 5]),
        vision=dict(depth=3, hidden_size=48, intermediate_size=75, num_heads=4, window_size=84,
                    fullatt_block_indexes=[0, 2]),
        audio=dict(encoder_layers=3, encoder_attention_heads=5, encoder_ffn_dim=90, d_model=40, n_window=55),
    ),
    # Full layout in one float16 file, the smallest of all.
    "tiny-c": dict(
        seed=3, layout="full", dtype=torch.float16, shard="50MB", template="chat_template.json",
        vocab_size=978,
        text=dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
                  num_key_value_heads=2, rope_theta=1e6, rms_norm_eps=1e-6, mrope=[2, 3, 3]),
        vision=dict(depth=2, hidden_size=32, intermediate_size=44, num_heads=2, window_size=112,
                    fullatt_block_indexes=[1]),
        audio=dict(encoder_layers=1, encoder_attention_heads=2, encoder_ffn_dim=48, d_model=32, n_window=100),
    ),
    # What the manual and the examples run: tiny-a's shape in one file.
    "demo": dict(
        seed=4, layout="full", dtype=torch.bfloat16, shard="50MB", template="chat_template.json",
        vocab_size=978,
        text=dict(hidden_size=96, intermediate_size=192, num_hidden_layers=4, num_attention_heads=6,
                  num_key_value_heads=2, rope_theta=1e6, rms_norm_eps=1e-6, mrope=[2, 3, 3]),
        vision=dict(depth=4, hidden_size=64, intermediate_size=84, num_heads=4, window_size=112,
                    fullatt_block_indexes=[1, 3]),
        audio=dict(encoder_layers=2, encoder_attention_heads=4, encoder_ffn_dim=160, d_model=64, n_window=100),
    ),
}


def write_json(path, value, indent=2):
    path.write_text(json.dumps(value, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8")


def write_tokenizer(folder, vocab, header, merges):
    """The published files of a byte-level BPE, with the added tokens behind its vocabulary."""
    ids = {text: len(vocab) + n for n, (text, _) in enumerate(ADDED)}
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join([header] + merges) + "\n", encoding="utf-8")
    write_json(folder / "added_tokens.json", dict(sorted(ids.items())))
    flags = dict(lstrip=False, normalized=False, rstrip=False, single_word=False)
    specials = [text for text, special in ADDED[1:] if special]
    write_json(folder / "tokenizer_config.json", dict(
        add_bos_token=False, add_prefix_space=False,
        added_tokens_decoder={str(ids[text]): dict(content=text, **flags, special=special) for text, special in ADDED},
        additional_special_tokens=specials, bos_token=None, clean_up_tokenization_spaces=False,
        eos_token="<|im_end|>", errors="replace", extra_special_tokens=NAMED, **NAMED,
        model_max_length=32768, pad_token="<|endoftext|>", processor_class="Qwen2_5OmniProcessor",
        split_special_tokens=False, tokenizer_class="Qwen2Tokenizer", unk_token=None))
    write_json(folder / "special_tokens_map.json", dict(
        additional_special_tokens=specials, **NAMED,
        eos_token=dict(content="<|im_end|>", **flags), pad_token=dict(content="<|endoftext|>", **flags)))

    tokenizer = Qwen2TokenizerFast.from_pretrained(folder)
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    again = Qwen2TokenizerFast.from_pretrained(folder)
    for text, special in ADDED:
        assert again.encode(text) == [ids[text]] and (again.decode([ids[text]], skip_special_tokens=True) == "") == special
    return ids


def make_tokenizer(source, folder):
    """Cut the published vocabulary down to its first merges and add the named tokens."""
    published = json.loads((source / "vocab.json").read_text(encoding="utf-8"))
    lines = (source / "merges.txt").read_text(encoding="utf-8").split("\n")
    merges = [line for line in lines if line and not line.startswith("#version:")][:MERGES]
    vocab = {text: index for text, index in published.items() if index < 256 + MERGES}
    for rank, merge in enumerate(merges):
        assert vocab[merge.replace(" ", "")] == 256 + rank
    return write_tokenizer(folder, vocab, lines[0], merges)


def write_processor(folder, ids, penalty, patch_size):
    """How a checkpoint generates, and how its processor prepares media."""
    write_json(folder / "generation_config.json", dict(
        bos_token_id=ids["<|im_start|>"], do_sample=False, eos_token_id=[ids["<|endoftext|>"], ids["<|im_end|>"]],
        pad_token_id=ids["<|endoftext|>"], repetition_penalty=penalty))
    write_json(folder / "preprocessor_config.json", dict(
        chunk_length=300, dither=0.0, feature_extractor_type="WhisperFeatureExtractor", feature_size=128,
        hop_length=160, image_mean=[0.48145466, 0.4578275, 0.40821073], image_processor_type="Qwen2VLImageProcessor",
        image_std=[0.26862954, 0.26130258, 0.27577711], max_pixels=12845056, merge_size=2, min_pixels=3136,
        n_fft=400, n_samples=4800000, nb_max_frames=30000, padding_side="right", padding_value=0.0,
        patch_size=patch_size, processor_class="Qwen2_5OmniProcessor", return_attention_mask=True, sampling_rate=16000,
        temporal_patch_size=2))


def make_config(spec, ids):
    text = dict(spec["text"])
    section = text.pop("mrope")
    hidden = text["hidden_size"]
    tied = spec.get("tied", False)
    return Qwen2_5OmniThinkerConfig(
        text_config=dict(text, vocab_size=spec["vocab_size"], tie_word_embeddings=tied,
                         rope_scaling=dict(type="default", mrope_section=section)),
        vision_config=dict(spec["vision"], patch_size=14, spatial_merge_size=2, temporal_patch_size=2,
                           out_hidden_size=hidden),
        audio_config=dict(spec["audio"], num_mel_bins=128, max_source_positions=1500, output_dim=hidden),
        audio_token_index=ids["<|AUDIO|>"], image_token_index=ids["<|IMAGE|>"], video_token_index=ids["<|VIDEO|>"],
        audio_start_token_id=ids["<|audio_bos|>"], audio_end_token_id=ids["<|audio_eos|>"],
        vision_start_token_id=ids["<|vision_bos|>"], vision_end_token_id=ids["<|vision_eos|>"],
        bos_token_id=ids["<|im_start|>"], eos_token_id=ids["<|im_end|>"], pad_token_id=ids["<|endoftext|>"],
        user_token_id=ids["<|im_start|>"], position_id_per_seconds=25, seconds_per_chunk=2,
        tie_word_embeddings=tied)


def fill(model, seed, dtype):
    """Matrices N(0, 1/fan_in), biases N(0, 0.1^2), norms 1 + N(0, 0.1^2).

    Queries and keys are drawn wider: with unit scores the attention is nearly
    flat and hides wrong positions.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in sorted(model.named_parameters()):
            draw = torch.randn(value.shape, generator=generator)
            if name.endswith(".bias"):
                draw *= 0.1
            elif value.ndim == 1:
                draw = 1 + 0.1 * draw
            else:
                draw /= math.sqrt(value[0].numel())
                if any(part in name for part in ("q_proj", "k_proj")):
                    draw *= 2
                elif any(part in name for part in ("attn.q.", "attn.k.")):
                    draw *= 1.5
            exact = draw.to(torch.bfloat16).to(dtype).to(torch.bfloat16).float()
            assert torch.equal(exact.to(dtype).float(), exact)
            value.copy_(exact)


def normalise(folder):
    """Write the tensors again with a fixed header, so that a second run gives the same bytes."""
    for file in sorted(folder.glob("*.safetensors")):
        tensors = load_file(file)
        save_file(dict(sorted(tensors.items())), file, metadata=dict(format="pt"))
        file.chmod(0o644)


def make(name, spec, source, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ids = make_tokenizer(source, folder)
    config = make_config(spec, ids)
    torch.manual_seed(0)
    model = Qwen2_5OmniThinkerForConditionalGeneration(config)
    model.tie_weights()
    fill(model, spec["seed"], spec["dtype"])
    if spec["layout"] == "full":
        thinker = model
        model = Qwen2_5OmniForConditionalGeneration(Qwen2_5OmniConfig(
            thinker_config=config.to_dict(), enable_audio_output=False))
        model.thinker.load_state_dict(thinker.state_dict())
    model.to(spec["dtype"]).save_pretrained(folder, max_shard_size=spec["shard"])
    normalise(folder)

    write_processor(folder, ids, 1.1, 14)
    if spec["template"].endswith(".json"):
        write_json(folder / "chat_template.json", dict(chat_template=TEMPLATE))
    else:
        (folder / spec["template"]).write_text(TEMPLATE, encoding="utf-8")
    total = sum(file.stat().st_size for file in folder.iterdir())
    count = sum(value.numel() for value in model.parameters())
    print(f"{name}: {count} parameters, {total} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=pathlib.Path, required=True, help="folder of the published vocab.json and merges.txt")
    parser.add_argument("--output", type=pathlib.Path, help="folder that receives tiny-a, tiny-b, tiny-c")
    parser.add_argument("--demo", type=pathlib.Path, help="folder that becomes the demo checkpoint")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name, spec in VARIANTS.items():
        folder = options.demo if name == "demo" else options.output and options.output / name
        if folder:
            make(name, spec, options.tokenizer, folder)


if __name__ == "__main__":
    main()
