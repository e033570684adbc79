"""What the towers are told directly, token by token: what is where, and what is heard when.

The words of captions teach the towers slowly; docs/DEMO_MODEL.md has the figures.
"""

import re

import numpy as np
import torch
import torch.nn.functional as F

# Of every token of a picture, of the one where an actor's middle is, where a group of things is.
EVERYWHERE = dict(actor=2, group=2, place=6, light=3, weather=3, move=5, close=2)
ACTOR = dict(kind=5, colour=6, size=2, mood=4)
GROUP = dict(thing=6, shade=6, count=3)
DOING = 8


class Fields:
    """Classes that are asked of a token, by name and number of values, and yes/no questions after them."""

    def __init__(self, sizes, bits=0, rare=()):
        self.sizes, self.bits, self.rare = sizes, bits, rare
        self.at = {name: i for i, name in enumerate(sizes)}
        self.width = len(sizes) + bits


def SEEN(down, across):
    """Fields of a token of a picture that has `down` rows and `across` columns of them."""
    return Fields(dict(EVERYWHERE, row=down, column=across, **ACTOR, **GROUP), DOING, ("actor", "group"))


def HEARD(words):
    """Fields of a token of sound: 0 is none of all."""
    return Fields(dict(word=len(words) + 1, voice=3, music=3, noise=3, bell=2), 0, ("bell",))


def seen_targets(about, fields, height, width):
    """[pairs, tokens, fields] of classes, -1 where nothing is asked."""
    looks, at = about["looks"], fields.at
    down, across = fields.sizes["row"], fields.sizes["column"]
    out = np.full((len(looks), down, across, fields.width), -1, np.int16)
    out[..., at["actor"]] = out[..., at["group"]] = 0
    for name, value in zip(("place", "light", "weather"), about["world"]):
        out[..., at[name]] = int(value)
    out[..., at["row"]] = np.arange(down)[:, None]
    out[..., at["column"]] = np.arange(across)[None]
    for i, look in enumerate(looks):
        dx, closer, scale = look["view"]
        out[i, ..., at["move"]] = (1 if dx < -1 else 2 if dx > 1 else 3 if closer > 0.02 and closer < 0.3
                                   else 4 if closer < -0.02 else 0)
        out[i, ..., at["close"]] = scale > 1.2
        cell = lambda one: (i, int(one[1] * down // height), int(one[0] * across // width))
        for one in look["actors"]:
            where = out[cell(one)]
            where[at["actor"]] = 1
            for name, value in zip(ACTOR, one[2:]):
                where[at[name]] = int(value)
            where[-DOING:] = [int(one[6]) >> bit & 1 for bit in range(DOING)]
        for one in look["props"]:
            where = out[cell(one)]
            where[at["group"]] = 1
            where[at["thing"]], where[at["shade"]], where[at["count"]] = int(one[2]), int(one[3]), int(one[4]) - 1
    return out.reshape(len(looks), down * across, -1)


def words_of(texts):
    """The words of what is quoted in texts, in order."""
    return sorted({word for text in texts for quote in re.findall(r'"([^"]*)"', text)
                   for word in re.findall(r"[a-z']+", quote.lower())})


def heard_targets(about, fields, words, tokens):
    """[tokens, fields] of classes of a clip with sound; `tokens` are 40 ms each. `words`: their numbers."""
    heard, at = about["hears"], fields.at
    out = np.zeros((tokens, fields.width), np.int16)
    middle = (np.arange(tokens) + 0.5) * 0.04
    for word, start, end, voice in heard["words"]:
        now = (middle >= start) & (middle < end)
        out[now, at["word"]] = words.get(word, -1)
        out[now, at["voice"]] = 1 + int(voice)
    out[:, at["music"]] = int(heard["music"])
    out[:, at["noise"]] = int(heard["noise"])
    if heard["bell"] >= 0:
        out[(middle >= heard["bell"]) & (middle < heard["bell"] + 1), at["bell"]] = 1
    return out


class Teller(torch.nn.Module):
    """Reads off a token what is there. Not part of the checkpoint: it tells a tower what is worth noticing."""

    def __init__(self, hidden, fields):
        super().__init__()
        self.fields = fields
        self.linear = torch.nn.Linear(hidden, sum(fields.sizes.values()) + fields.bits)

    def forward(self, tokens, targets, count=True):
        """The loss, and by name how many are right and how many there were (empty without `count`)."""
        out = self.linear(tokens.float()).reshape(-1, self.linear.out_features)
        targets = targets.reshape(len(out), -1).long()
        rare = torch.tensor([1.0, 4.0], device=out.device)
        loss, table, at = 0, {}, 0
        for i, (name, size) in enumerate(self.fields.sizes.items()):
            logits, want = out[:, at:at + size], targets[:, i]
            asked = want >= 0
            at += size
            loss = loss + (F.cross_entropy(logits, want, weight=rare if name in self.fields.rare else None,
                                           ignore_index=-1, reduction="sum") / asked.sum().clamp(min=1))
            if count:
                table[name] = int(((logits.argmax(-1) == want) & asked).sum()), int(asked.sum())
                if name == "word":  # silence is told easily
                    spoken = want > 0
                    table["spoken"] = int(((logits.argmax(-1) == want) & spoken).sum()), int(spoken.sum())
        if self.fields.bits:
            logits, want = out[:, at:], targets[:, -self.fields.bits:]
            asked = want >= 0
            each = F.binary_cross_entropy_with_logits(logits, want.float(), reduction="none")
            loss = loss + 6 * (each * asked).sum() / asked.sum().clamp(min=1)
            for bit in range(self.fields.bits if count else 0):
                for value in (0, 1):
                    of = want[:, bit] == value
                    table[f"doing {bit} {'no' if value == 0 else 'yes'}"] = (
                        int((((logits[:, bit] > 0) == (value > 0)) & of).sum()), int(of.sum()))
        return loss, table
