#!/bin/sh
# asid-run: pipelines from file to dataset, again and again.
set -u
. tests/tap.sh
out=$tmp/run

listing() { # everything below a folder, with times
    find "$1" -exec ls -ld --time-style=full-iso {} + 2>/dev/null | sort -k9
}

# --- a whole run
run "$bin/asid-run" pipelines/smoke.yaml --output "$out"
exits 0 "a pipeline over the sample clips runs to its end"
is "$(wc -l <"$out/dataset/raw.jsonl")" 4 \
    "every clip with a picture is a row of the dataset"
has "$out/rejects/01-ingest.jsonl" '"code":"media.unreadable"' \
    "a file that is no video is rejected with its reason"
has "$out/dataset/manifest.json" \
    "$(sha256sum <"$out/dataset/raw.jsonl" | cut -d' ' -f1)" \
    "the manifest holds the hash of the rows"
same "$out/stages/01-ingest.jsonl" "$out/stages/02-export.jsonl" \
    "export passes records through unchanged"
has "$out/run.json" '"pipeline": "smoke"' "run.json names the pipeline"
is "$(find "$out" -name '*.part' -o -name '*.tmp*')" "" \
    "no temporary file is left behind"

# --- again
cp -r "$out" "$tmp/first"
run "$bin/asid-run" pipelines/smoke.yaml --output "$out"
exits 0 "a second run of a finished pipeline ends well"
same "$out/dataset" "$tmp/first/dataset" "a second run gives the same dataset"
same "$out/rejects" "$tmp/first/rejects" "a second run gives the same rejects"
run "$bin/asid-audit" balance --ledger "$out/ledger.db"
exits 0 "every stage balances after the second run"

# --- inputs that are not there
cat >"$tmp/typed.yaml" <<END
name: smoke
root: data-samples
stages:
  - ingest: {inputs: [clipz]}
  - export: {formats: [raw], output: dataset}
END
cp -r "$out" "$tmp/typed"
run "$bin/asid-run" "$tmp/typed.yaml" --output "$tmp/typed"
exits 1 "a pipeline whose input is not there fails"
has "$tmp/err" "cannot look at data-samples/clipz: No such file or directory" \
    "the message names the input"
same "$tmp/typed/dataset" "$tmp/first/dataset" "the dataset stays as it was"
same "$tmp/typed/rejects" "$tmp/first/rejects" "and so do the rejects"
sed -i 's/clipz/clips/; s/\]}/], suffixes: [mkv]}/' "$tmp/typed.yaml"
run "$bin/asid-run" "$tmp/typed.yaml" --output "$tmp/typed"
exits 1 "a pipeline whose inputs hold no video fails"
same "$tmp/typed/dataset" "$tmp/first/dataset" \
    "the dataset stays as it was then, too"
run "$bin/asid-run" pipelines/smoke.yaml --output "$tmp/typed"
exits 0 "set right, the pipeline runs to its end"
same "$tmp/typed/dataset" "$tmp/first/dataset" "with the dataset it had"

# --- the plan
listing "$out" >"$tmp/before"
run "$bin/asid-run" pipelines/smoke.yaml --output "$out" --dry-run
exits 0 "a dry run of a finished pipeline ends well"
has "$tmp/out" "asid-ingest --root=data-samples" \
    "a dry run shows the command lines"
listing "$out" >"$tmp/after"
same "$tmp/before" "$tmp/after" "a dry run writes nothing in the folder"
cp "$tmp/out" "$tmp/plan"
cp -r "$out/stages" "$tmp/kept"
: >"$out/stages/01-ingest.jsonl"
run "$bin/asid-run" pipelines/smoke.yaml --output "$out" --dry-run
same "$tmp/out" "$tmp/plan" \
    "a stage's file that was emptied is made again: it is no new work"
rm "$out/stages/01-ingest.jsonl"
run "$bin/asid-run" pipelines/smoke.yaml --output "$out" --dry-run
same "$tmp/out" "$tmp/plan" "nor is one that was deleted"
cp "$tmp/kept"/*.jsonl "$out/stages"
run "$bin/asid-run" pipelines/caption.yaml --output "$tmp/none" --dry-run
exits 0 "a dry run without a folder ends well"
has "$tmp/out" "model calls: at most 5" "a dry run bounds the model calls"
is "$(ls -d "$tmp/none" 2>/dev/null)" "" "a dry run makes no folder"
run "$bin/asid-run" pipelines/re-verify.yaml --output "$tmp/none" --dry-run
has "$tmp/out" "model calls: not known for verify (records: at most 3), refine" \
    "how much is asked about claims it does not say"

# --- the plan of a dataset: its rows are gathered by video
mkdir "$tmp/set"
cp data-samples/clips/bird.mp4 data-samples/clips/portrait.mp4 \
    data-samples/clips/meadow-silent.mp4 "$tmp/set"
for clip in bird portrait gone; do
    for what in scene camera speech; do
        echo "{\"query\":\"<video>Describe only the $what of this video.\",\"response\":\"$clip $what\",\"videos\":[\"$clip.mp4\"]}"
    done
done >"$tmp/set/rows.jsonl"
echo "no row" >>"$tmp/set/rows.jsonl"
cat >"$tmp/set.yaml" <<END
name: set
root: $tmp/set
stages:
  - ingest: {inputs: [rows.jsonl, .]}
  - align
END
# plan_of STAGE [OPTION]: records, new, changed input, changed option, retry and
# nothing to do of that stage.
plan_of() {
    stage=$1
    shift
    "$bin/asid-run" "$tmp/set.yaml" --output "$tmp/set-run" --dry-run "$@" |
        awk -v s="$stage" '$1 == s { print $2, $3, $4, $5, $6, $7, $9, $10 }'
}
is "$(plan_of ingest)" "5 5 0 0 0 0  " \
    "three videos of rows, one without and a broken row are five records"
is "$(plan_of align)" "3 3 0 0 0 0 at most" \
    "a broken row and a video without rows go no further"
run "$bin/asid-run" "$tmp/set.yaml" --output "$tmp/set-run"
has "$tmp/err" "asid-ingest: 5 records in, 2 accepted, 3 rejected" \
    "the run takes as many"
is "$(plan_of ingest)" "5 0 0 0 0 5  " "after it nothing of them is to do"
is "$(plan_of align)" "2 0 0 0 0 2  " "nor in the stage after"
sed -i 's/bird scene/a bird/' "$tmp/set/rows.jsonl"
is "$(plan_of ingest)" "5 0 1 0 0 4  " "a changed row changes its video"
is "$(plan_of align)" "2 0 1 0 0 1 at most" "also downstream"
cp "$tmp/set/bird.mp4" "$tmp/set/gone.mp4"
is "$(plan_of ingest)" "5 0 2 0 0 3  " "so does a video that was missing"
is "$(plan_of align)" "3 1 1 0 0 1 at most" "which is new downstream"
run "$bin/asid-run" "$tmp/set.yaml" --output "$tmp/set-run"
has "$tmp/err" "asid-align: 3 records in" "as the run says"
is "$(for i in 0 1 2; do plan_of ingest --fresh --shard $i/3; done |
    awk '{ n += $1 } END { print n }')" 5 "shards plan every record once"
rm "$tmp/set/rows.jsonl"
run "$bin/asid-run" "$tmp/set.yaml" --output "$tmp/set-run" --dry-run
exits 1 "a dataset that is not there has no plan"
has "$tmp/err" "rows.jsonl" "and is named"

# --- faulty files
cat >"$tmp/bad.yaml" <<END
name: bad
root: data-samples
stages:
  - ingest: {inputs: [clips]}
  - exprot
END
run "$bin/asid-run" "$tmp/bad.yaml" --output "$tmp/bad"
exits 2 "an unknown stage is wrong usage"
has "$tmp/err" "$tmp/bad.yaml:5:5: unknown stage 'exprot'; did you mean 'export'?" \
    "an unknown stage is named with its place and the nearest name"
is "$(ls -d "$tmp/bad" 2>/dev/null)" "" \
    "a faulty pipeline file starts nothing"
run "$bin/asid-run" pipelines/smoke.yaml
exits 2 "a run without a folder is wrong usage"
run "$bin/asid-run" "$tmp/missing.yaml" --output "$tmp/bad"
exits 2 "a pipeline file that does not exist is wrong usage"

# --- two runs in one folder
echo "4242 elsewhere" >"$out/run.lock"
flock "$out/run.lock" sleep 3 &
sleep 0.3
run "$bin/asid-run" pipelines/smoke.yaml --output "$out"
exits 1 "a second run in the same folder is refused"
has "$tmp/err" "process 4242 on elsewhere" \
    "the refusal names the first run's process and host"
wait
run "$bin/asid-run" pipelines/smoke.yaml --output "$out"
exits 0 "a folder whose owner is gone is taken over"

# --- shards
for i in 0 1 2; do
    run "$bin/asid-run" pipelines/smoke.yaml --output "$tmp/s$i" --shard $i/3
    exits 0 "shard $i of 3 runs to its end"
done
cat "$tmp"/s[012]/dataset/raw.jsonl | sort >"$tmp/union"
sort "$out/dataset/raw.jsonl" >"$tmp/all"
same "$tmp/union" "$tmp/all" "the shards together are the whole, each row once"
cat "$tmp"/s[012]/rejects/01-ingest.jsonl | sort >"$tmp/union"
sort "$out/rejects/01-ingest.jsonl" >"$tmp/all"
same "$tmp/union" "$tmp/all" "the shards together reject what the whole rejects"
run "$bin/asid-run" pipelines/smoke.yaml --output "$tmp/s0" --shard 0/4
exits 2 "another number of shards in the same folder is refused"
has "$tmp/err" "shard 0/3" "the refusal names the shard the folder holds"
run "$bin/asid-run" pipelines/smoke.yaml --output "$tmp/s0" --shard 3/3
exits 2 "a shard beyond the last is wrong usage"

# --- starting over
echo mine >"$out/notes.txt"
echo mine >"$out/dataset/README"
run "$bin/asid-run" pipelines/smoke.yaml --output "$out" --fresh
exits 0 "starting over runs to its end"
same "$out/dataset/raw.jsonl" "$tmp/first/dataset/raw.jsonl" \
    "starting over gives the same rows"
is "$(cat "$out/notes.txt" "$out/dataset/README")" "mine
mine" "starting over leaves other people's files alone"

# --- changes
sed 's/inputs: \[clips\]/inputs: [clips\/bird.mp4]/' pipelines/smoke.yaml \
    >"$tmp/one.yaml"
run "$bin/asid-run" "$tmp/one.yaml" --output "$out"
exits 0 "a changed pipeline file is accepted in the same folder"
is "$(wc -l <"$out/dataset/raw.jsonl")" 1 "a changed input changes the dataset"
run "$bin/asid-audit" balance --ledger "$out/ledger.db"
exits 0 "every stage balances after the change"

# --- another pipeline, other stages
run "$bin/asid-run" pipelines/text-only.yaml --output "$out"
exits 2 "another pipeline in the same folder is refused"
has "$tmp/err" "$out holds a run of pipeline smoke, not text-only: give it \
another --output, or start over with --fresh" "the refusal says what to do"
run "$bin/asid-run" pipelines/text-only.yaml --output "$out" --dry-run
exits 2 "its dry run is refused as well"
sed 's/^  - export/  - align\n  - export/' "$tmp/one.yaml" >"$tmp/more.yaml"
echo mine >"$out/stages/02-export.txt"
run "$bin/asid-run" "$tmp/more.yaml" --output "$out"
exits 0 "a stage more is accepted in the same folder"
is "$(cd "$out" && echo stages/* rejects/*)" "stages/01-ingest.jsonl \
stages/02-align.jsonl stages/02-export.txt stages/03-export.jsonl \
rejects/01-ingest.jsonl rejects/02-align.jsonl rejects/03-export.jsonl" \
    "only files of the present stages stay, and those of other people"
run "$bin/asid-run" "$tmp/one.yaml" --output "$out"
exits 0 "so is a stage less"
is "$(cd "$out" && echo stages/*)" \
    "stages/01-ingest.jsonl stages/02-export.jsonl stages/02-export.txt" \
    "the files of the one that was removed are gone"
run "$bin/asid-audit" balance --ledger "$out/ledger.db"
exits 0 "every stage balances after that"

# --- a stage that fails
rm -rf "$out/stages/02-export.jsonl" "$tmp/f"
mkdir -p "$tmp/f/dataset/raw.jsonl.part"
run "$bin/asid-run" pipelines/smoke.yaml --output "$tmp/f"
exits 1 "a stage that cannot work ends the run with status 1"
has "$tmp/err" "stage 2 (export)" "the message names the stage that failed"

# --- signals
mkdir "$tmp/media"
for i in 01 02 03 04 05 06 07 08 09 10; do
    cp data-samples/clips/bird.mp4 "$tmp/media/clip-$i.mp4"
done
sed -e "s|^root:.*|root: $tmp/media|" -e 's|\[clips\]|["."]|' \
    pipelines/smoke.yaml >"$tmp/many.yaml"
run "$bin/asid-run" "$tmp/many.yaml" --output "$tmp/whole" -q
exits 0 "ten clips run to their end"
# interrupt SIGNAL [OPTION]: start, wait until the first stage works, send, wait.
# The stage is held meanwhile: it must not be done before the signal comes.
interrupt() {
    "$bin/asid-run" "$tmp/many.yaml" --output "$tmp/cut" --progress never \
        ${2:+"$2"} 2>"$tmp/err" &
    pid=$!
    while [ ! -s "$tmp/cut/run.lock" ] ||
        ! child=$(pgrep -P "$pid" -x asid-ingest) ||
        [ ! -s "$tmp/cut/stages/01-ingest.jsonl.lock" ]; do
        kill -0 "$pid" 2>/dev/null || break
    done
    kill -STOP "$child"
    if [ "$1" = CHILD ]; then kill -9 "$child"; else kill -"$1" "$pid"; fi
    kill -CONT "$child" 2>/dev/null
    wait "$pid" 2>/dev/null
    status=$?
    : >"$tmp/out"
}
interrupt TERM
exits 143 "SIGTERM ends a run with 128 + 15"
is "$(cat "$tmp/err")" \
    "asid-run: stopped; the same command goes on from there" \
    "one line says that nothing is lost"
is "$(pgrep -P "$pid")$(kill -0 "$child" 2>/dev/null && echo alive)" "" \
    "no stage outlives the run"
run "$bin/asid-audit" balance --ledger "$tmp/cut/ledger.db"
exits 0 "an interrupted run balances so far"
interrupt TERM --fresh
has "$tmp/err" "the same command without --fresh goes on from there" \
    "after --fresh the line says what not to say again"
interrupt TERM -q
is "$(cat "$tmp/err")" "" "with -q nothing is said"
interrupt KILL
exits 137 "SIGKILL ends a run"
# A process nobody has waited for yet is dead all the same (state Z).
alive() {
    case $(awk '/^State:/ { print $2 }' "/proc/$1/status" 2>/dev/null) in
    "" | Z | X) return 1 ;;
    esac
}
i=0
while alive "$child" && [ $i -lt 50 ]; do
    sleep 0.02
    i=$((i + 1))
done
is "$(alive "$child" && echo alive)" "" \
    "a stage dies with a run that was killed"
interrupt CHILD
exits 1 "a stage that was killed ends the run with status 1"
has "$tmp/err" "stage 1 (ingest) was ended by signal 9" \
    "the message names the stage and the signal"
run "$bin/asid-run" "$tmp/many.yaml" --output "$tmp/cut" -q
exits 0 "an interrupted run goes on to its end"
same "$tmp/cut/dataset" "$tmp/whole/dataset" \
    "an interrupted run ends with the same dataset"

# --- the export's folder is none of the run's own
for where in . stages/x rejects ledger.db run.json ./run.lock; do
    sed "s|output: dataset|output: $where|" pipelines/smoke.yaml >"$tmp/own.yaml"
    run "$bin/asid-run" "$tmp/own.yaml" --output "$tmp/own"
    exits 2 "export to '$where' is refused"
    [ ! -e "$tmp/own/stages" ]
    say $? "and nothing was started"
done

finish
