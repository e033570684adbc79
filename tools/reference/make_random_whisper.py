#!/usr/bin/env python3
"""Write a whisper.cpp model with large-v3's encoder and random weights.

What a pass of the encoder costs does not depend on the weights, so that this is
enough for whisper-bench.  Its encode time includes the keys and values that
every layer of the decoder takes from the sound: 4 layers, as large-v3-turbo
has, add 2 % to the work of the encoder; large-v3's 32 would add 14 %.
"""

import argparse
import math
import pathlib
import struct

import numpy as np

MAGIC = 0x67676D6C
F32, F16 = 0, 1
STATE, HEADS, LAYERS = 1280, 20, 32
SOUND, TEXT = 1500, 448  # positions: 30 s of sound, tokens
MELS, BINS = 128, 201
VOCABULARY, STRINGS = 51866, 50257  # the strings of the tokens after those are whisper.cpp's own
SEED = 18


def norm(name):
    yield f"{name}.weight", (STATE,)
    yield f"{name}.bias", (STATE,)


def linear(name, outputs, inputs):
    yield f"{name}.weight", (outputs, inputs)
    yield f"{name}.bias", (outputs,)


def attention(name):
    yield from norm(f"{name}_ln")
    yield f"{name}.key.weight", (STATE, STATE)
    for part in ("query", "value", "out"):
        yield from linear(f"{name}.{part}", STATE, STATE)


def blocks(name, count, attentions):
    for i in range(count):
        block = f"{name}.blocks.{i}"
        for kind in attentions:
            yield from attention(f"{block}.{kind}")
        yield from norm(f"{block}.mlp_ln")
        yield from linear(f"{block}.mlp.0", 4 * STATE, STATE)
        yield from linear(f"{block}.mlp.2", STATE, 4 * STATE)


def tensors(decoder_layers):
    """Names and shapes, the dimension that changes slowest first."""
    yield "encoder.positional_embedding", (SOUND, STATE)
    for name, channels in (("conv1", MELS), ("conv2", STATE)):
        yield f"encoder.{name}.weight", (STATE, channels, 3)
        yield f"encoder.{name}.bias", (STATE, 1)
    yield from blocks("encoder", LAYERS, ["attn"])
    yield from norm("encoder.ln_post")
    yield "decoder.positional_embedding", (TEXT, STATE)
    yield "decoder.token_embedding.weight", (VOCABULARY, STATE)
    yield from blocks("decoder", decoder_layers, ["attn", "cross_attn"])
    yield from norm("decoder.ln")


def draw(random, name, shape):
    """Matrices N(0, 1/fan_in), biases N(0, 0.1^2), norms 1 + N(0, 0.1^2): nothing comes near float16's limit."""
    values = random.standard_normal(shape, np.float32)
    if name.endswith(".bias"):
        return 0.1 * values
    if len(shape) == 1:
        return 1 + 0.1 * values
    return values / np.float32(math.sqrt(math.prod(shape[1:])))


def write(file, decoder_layers):
    """Returns the number of parameters."""
    random = np.random.default_rng(SEED)
    file.write(struct.pack("<12i", MAGIC, VOCABULARY, SOUND, STATE, HEADS, LAYERS, TEXT, STATE, HEADS, decoder_layers, MELS,
                           F16))
    file.write(struct.pack("<2i", MELS, BINS))
    file.write(random.random((MELS, BINS), np.float32).astype("<f4").tobytes())
    file.write(struct.pack("<i", STRINGS))
    for i in range(STRINGS):
        text = f" {i}".encode()
        file.write(struct.pack("<i", len(text)) + text)
    count = 0
    for name, shape in tensors(decoder_layers):
        half = name.endswith(".weight") and len(shape) > 1
        file.write(struct.pack(f"<{3 + len(shape)}i", len(shape), len(name), F16 if half else F32, *reversed(shape)))
        file.write(name.encode())
        file.write(draw(random, name, shape).astype("<f2" if half else "<f4").tobytes())
        count += math.prod(shape)
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path, metavar="OUT", help="the file, 1.6 GB")
    parser.add_argument("--decoder-layers", type=int, default=4)
    options = parser.parse_args()
    with options.output.open("wb") as file:
        count = write(file, options.decoder_layers)
    print(f"{options.output}: {count} parameters, {options.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
