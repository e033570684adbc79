#!/usr/bin/env python3
"""Strings, their ids and their way back, from the published tokenizer code with the small vocabulary."""

import argparse
import json
import pathlib
import random
import unicodedata

from transformers import Qwen2TokenizerFast

from make_checkpoint import ADDED, MERGES

PROMPTS = [
    "Describe the video in detail, with the time of everything that happens.",
    "Please give a thorough account of this clip: pictures, sounds, speech.",
    "What can be seen and heard in this video? Mention the camera, too.",
    "Write one caption that covers scene, people, objects, actions and mood.",
    "Tell the story of the clip from beginning to end; quote what is said.",
    "Look and listen carefully, then report all events in their order.",
    "Provide a comprehensive description of the audio-visual content.",
]

STRINGS = [
    "", "a", " ", "  ", "   ", "\n", "\t", "\r\n", "Hello world", " Hello world", "  Hello  world  ", "hello\nworld",
    "Hello, World! How's it going?", "I'm you're he'll we've they'd it's don't", "I'M YOU'RE HE'LL WE'VE THEY'D IT'S",
    "'s't're've'm'll'd", "'S'T'RE'VE'M'LL'D", "'\u017f '\u017ft", "o'clock rock'n'roll", "''' \"quoted\" ``ticks''",
    "The quick brown fox jumps over the lazy dog.", "THE QUICK BROWN FOX", "internationalization", "antidisestablishmentarianism",
    "0", "12", "123", "1234567890", "3.14159", "-1e-7", "1,000,000", "2024-05-17T12:34:56Z", "192.168.0.1", "0x1F 0b1010",
    "a1b2c3", "v1.2.3-rc4", "\u0664\u0665\u0666", "\u00b2\u00b3\u00bd \u2167 \u2460", "\uff11\uff12\uff13",
    "int main(void) { return 0; }", "for (int i = 0; i < n; i++)\n\tsum += a[i];\n", "if x:\n    pass\nelse:\n        return None\n",
    "#include <stdio.h>\n\n#define MAX(a, b) ((a) > (b) ? (a) : (b))\n", "x = [1, 2, 3]; y = {'k': \"v\"}", "a==b && c!=d || !e",
    "SELECT * FROM t WHERE id IN (1, 2);", "<html><body class=\"x\">&nbsp;</body></html>", "https://example.org/a/b?c=d&e=f#g",
    "user@example.org", "C:\\path\\to\\file.txt", "/usr/local/bin/", "$HOME/${var}", "{\"key\": [null, true, 1.5]}", "```c\ncode\n```",
    "a\tb\t\tc", "\t\tindented", "line one\nline two\n\nline four\n\n\n", "\r\nwindows\r\nlines\r\n", "mac\rlines\r", "mixed\r\n\n\r\n\r",
    " \n \n ", "a \n b", "a  \n\n  b", "trailing   ", "   leading", "tabs\t\nnewline", "\n\n\n\n", "\n \n\t\n", "!\n!\n\n", "end.\n\n", "...\r\n...",
    "a\u00a0b", "\u00a0", "\u00a0\u00a0 a", "a\u2003b", "a\u3000b", "a\u2028b", "a\u2029b", "\u2028\u2028\n", "a\u0085b", "a\u000bb\u000cc",
    "a\u200bb", "a\ufeffb", "\ufeffstart", "a\u00adb", "a\u200db", "zero\u0000byte", "\u0001\u001f\u007f", "\u0080\u009f",
    "caf\u00e9", "cafe\u0301", "e\u0301e\u0301", "A\u030a \u212b \u00c5", "n\u0303o", "a\u0323\u0302 a\u0302\u0323 \u1ead", "\u1e9b\u0323",
    "o\u0308\u0304", "\u0301start", " \u0301", "q\u0301", "x\u0301y\u0301z", "Zalgo z\u0335\u0321a\u0337\u0322l\u0336\u0323",
    "\u1100\u1161\u11a8 \uac01", "\ud55c\uad6d\uc5b4 \ubb38\uc7a5", "\u2126 \u03a9 \u212a K", "\u0958 \u0915\u093c", "\ufb01 \ufb03 \u00df", "\u0344 \u0308\u0301",
    "\u4f60\u597d\uff0c\u4e16\u754c\uff01", "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3067\u3059\u3002", "\u30ab\u30bf\u30ab\u30ca \u3072\u3089\u304c\u306a", "\u304b\u3099\u304d\u3099", "\u4e2d\u6587English\u6df7\u5408123", "\u7e41\u9ad4\u4e2d\u6587",
    "\uf900 \ufa0e \U0002f800", "\U00020000\U0002a6d6", "\u0627\u0644\u0633\u0644\u0627\u0645 \u0639\u0644\u064a\u0643\u0645", "\u0645\u064e\u0631\u0652\u062d\u064e\u0628\u064b\u0627", "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd", "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440!", "\u0439 \u0438\u0306", "\u0393\u03b5\u03b9\u03ac \u03c3\u03bf\u03c5", "\u03b1\u0301", "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "\u10d2\u10d0\u10db\u10d0\u10e0\u10ef\u10dd\u10d1\u10d0",
    "\u0130stanbul \u0131\u015f\u0131k", "stra\u00dfe STRASSE \u1e9e", "na\u00efve fa\u00e7ade \u0153uvre", "\u0142\u00f3d\u017a \u017b\u00f3\u0142\u0107",
    "\U0001f600", "\U0001f600\U0001f601\U0001f602", "ok \U0001f44d\U0001f3fd!", "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", "\u2764\ufe0f", "1\ufe0f\u20e3", "a\U0001f600b \U0001f600 c",
    "\u2192 \u2200x\u2208\u211d: \u221ax\u00b2 = |x|", "\u20ac100 \u00a35 \u00a520 \u20bf", "\u201cquotes\u201d \u2018single\u2019 \u2014 dash \u2026", "\u00ab guillemets \u00bb", "\u2500\u2502\u250c", "\U0001d400\U0001d41b \U0001d7d8",
    "\U0010ffff", "\uffff \ufffd", "\ue000 private",
    "At 0s, a man says: \"So, it begins.\" From 3.5s to 7s he walks away.", "[00:12.5 - 00:14] (music)", "Q: yes or no?\nA:",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "                                ", "................", "====----____", "!!!???", "ininininin", "ererer thethethe",
    "the the the", " the The THE tHe", "in on at to of and is are was", "ionsationing", "return self.value;", "        deep\n            deeper\n",
]

AROUND = [
    "a<|im_end|>b", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", "<|im_start|><|im_start|>", "<|AUDIO|><|AUDIO|><|AUDIO|>",
    "<|vision_bos|><|VIDEO|><|vision_eos|>What is this?", "<|audio_bos|><|AUDIO|><|audio_eos|> \n", " <|im_end|> ", "\n<|im_end|>\n\n",
    "<tool_call>\n{\"name\": \"f\"}\n</tool_call>", "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>", "<|im_end|", "<|im_endd|>", "<|IM_END|>", "<|im_end|>|>",
    "<<|im_end|>>", "<|im_start|>e\u0301<|im_end|>\u0301", "e<|im_end|>\u0301", "<|vision_start|><|image_pad|><|vision_end|>", "'<|im_end|>s", "1<|VIDEO|>2<|IMAGE|>3",
]

IDS = [[], [0], [956], [958, 956, 957], [970, 971], [0, 958, 1, 970, 2], [977, 978], [979, 5, 983], [64, 64], [220, 220, 64], [198, 198]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=pathlib.Path, required=True, help="folder that holds checkpoints/ and receives tokenizer/")
    options = parser.parse_args()
    tokenizer = Qwen2TokenizerFast.from_pretrained(options.vectors / "checkpoints" / "tiny-a")
    dice = random.Random(17)
    alphabet = list("aeinost ERT 0159 .,'\"!?-_\n\t\r") + ["  ", "\u00e9", "e\u0301", "\u4e2d", "\u3042", "\U0001f600", "\u00a0", "\u0301", "'s", "'re", " the", "ing", "\u2028", "<|im_end|>", "\u0627"]
    texts = STRINGS + [text for text, _ in ADDED] + [f"x {text} y" for text, _ in ADDED] + AROUND + PROMPTS
    texts += ["".join(dice.choices(alphabet, k=dice.randrange(2, 24))) for _ in range(60)]
    texts = list(dict.fromkeys(texts))

    folder = options.vectors / "tokenizer"
    folder.mkdir(exist_ok=True)
    decode = lambda ids, plain: tokenizer.decode(ids, skip_special_tokens=plain, clean_up_tokenization_spaces=False)
    with open(folder / "cases.jsonl", "w") as out:
        for text in texts:
            ids = tokenizer.encode(text)
            whole, plain = decode(ids, False), decode(ids, True)
            assert whole == unicodedata.normalize("NFC", text) or "<|" in text, text
            out.write(json.dumps(dict(text=text, ids=ids, decoded=whole, plain=plain)) + "\n")

    raw = list(IDS)
    for text in ("\u4e2d", "\U0001f600", "\u00e9\u00e8"):
        ids = tokenizer.encode(text)
        assert len(ids) == len(text.encode())
        raw += [ids[:-1], ids[1:], ids[:1] + [64], ids[1:] + ids[:-1]]
    raw += [[dice.randrange(256 + MERGES + len(ADDED)) for _ in range(dice.randrange(1, 12))] for _ in range(40)]
    with open(folder / "decode.jsonl", "w") as out:
        for ids in raw:
            out.write(json.dumps(dict(ids=ids, decoded=decode(ids, False), plain=decode(ids, True))) + "\n")
    print(f"{len(texts)} strings, {len(raw)} lists of ids")


if __name__ == "__main__":
    main()
