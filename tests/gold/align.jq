# Records of align.jsonl after asid-align, slurped: what it said about each
# quote against what is expected. A fact is [id, kind, words, ...].
#
# expect.quotes: [words as they stand in the end, "exact" | "misquoted" |
# "unsupported", second or null]; expect.moved: [anchor before, after];
# expect.misplaced: quotes reported and left; expect.speakers: quotes whose
# speaker is described as another person.

def wanted:
  .id as $id | .expect |
  (.quotes[] | [$id, .[1], .[0]]),
  (.moved[] | [$id, "moved", .[0], .[1]]),
  (.misplaced[] | [$id, "misplaced", .]),
  (.speakers[] | [$id, "speaker", .]);

def kind:
  if .transcript == null then "unsupported"
  elif .similarity < 1 then "misquoted" else "exact" end;

def found:
  .id as $id |
  (.attributes.speech.quotes // [] | .[] | [$id, kind, .text]),
  (.findings // [] | .[] |
    if .code == "speech.misplaced" and .repaired
    then [$id, "moved", .was, .now]
    elif .code == "speech.misplaced" then [$id, "misplaced", .quote]
    elif .code == "speech.speaker" then [$id, "speaker", .quote]
    else empty end);

# How many facts two lists share, each counted once.
def shared($a; $b):
  reduce $a[] as $f ({n: 0, rest: $b};
    (.rest | index([$f])) as $i |
    if $i == null then . else {n: (.n + 1), rest: (.rest | del(.[$i]))} end)
  | .n;

def timed:
  [.expect.quotes[] | select(.[2] != null) | [.[0], .[2]]] as $want |
  [.attributes.speech.quotes // [] | .[] | [.text, .start]] as $got |
  $want[] | . as $w |
  any($got[]; .[0] == $w[0] and .[1] != null and
              ((.[1] - $w[1]) | fabs) <= 0.5);

[.[] | wanted] as $wanted | [.[] | found] as $found |
[.[] | timed] as $times |
shared($wanted; $found) as $both |
{records: length, facts: ($wanted | length),
 precision: ($both / ($found | length)),
 recall: ($both / ($wanted | length)),
 times: (($times | map(select(.)) | length) / ($times | length)),
 wrong: ($found - $wanted), missed: ($wanted - $found)}
