# Sourced after tap.sh by tests that need an endpoint (tests/mock/mock.h).
# shellcheck shell=sh disable=SC2034,SC2154

# serve SCENARIO: start one; its address in $url, its log in $tmp/log. It ends with
# the test, or by unserve.
serve() {
    mkdir -p "$tmp/mock"
    printf '%s' "$1" >"$tmp/mock/scenario"
    rm -f "$tmp/mock/port" "$tmp/log"
    "$bin/test/asid-mock-endpoint" --port-file "$tmp/mock/port" \
        --scenario "$tmp/mock/scenario" --log "$tmp/log" --seconds 100 \
        2>"$tmp/mock/err" &
    server=$!
    serve_tries=0
    while [ ! -s "$tmp/mock/port" ] && [ $serve_tries -lt 200 ]; do
        sleep 0.05
        serve_tries=$((serve_tries + 1))
    done
    url=http://127.0.0.1:$(cat "$tmp/mock/port")/v1
}

unserve() {
    kill "$server"
    wait "$server" 2>/dev/null
}
