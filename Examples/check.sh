#!/bin/sh
# Runs the built examples against `tokenwire demo --serve`.
#
#     swift build && swift build --package-path Examples && Examples/check.sh
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
tokenwire=${1:-$root/.build/debug/tokenwire} examples=${2:-$root/Examples/.build/debug}
out=$(mktemp -d)
: >"$out/served"
"$tokenwire" demo --serve >"$out/served" &
server=$!
trap 'kill $server 2>/dev/null || true; rm -rf "$out"' EXIT
until grep -q listening "$out/served"; do kill -0 $server; sleep 0.05; done
OLLAMA_HOST=$(sed -n 's/^listening //p' "$out/served")
export OLLAMA_HOST

failed=0
expect() { # NAME PATTERN COMMAND...
    name=$1 pattern=$2
    shift 2
    if ! "$@" >"$out/printed" 2>&1 || ! grep -q -e "$pattern" "$out/printed"; then
        echo "check.sh: $name printed:" >&2
        cat "$out/printed" >&2
        failed=1
    fi
}

expect first-minute '^ do sentence get ask before wow' "$examples/first-minute" tiny 'hello there'
expect parts '^stop, 78 tokens$' "$examples/parts" tiny 'hello there'
expect parts-left '^connections in use: 0$' "$examples/parts" tiny 'hello there' 5
expect many-streams '^2: [0-9]* characters, 78 tokens$' "$examples/many-streams" tiny one two three
expect on-the-loop '^63 records, ' "$examples/on-the-loop" tiny 'hello there'
expect script '^left: cancelled$' "$examples/script" tiny 'hello there'
expect transport '^63 lines, [0-9]* bytes, kept: true$' "$examples/transport" "http://${OLLAMA_HOST#http://}"
expect first-minute-blocking '^ do sentence get ask before wow' "$examples/first-minute-blocking" tiny 'hello there'
expect whole-answer-blocking 'slash (78 tokens)$' "$examples/whole-answer-blocking"
expect test-server '^the server saw POST /api/chat, then fin$' "$examples/test-server"
expect codecs '^delta Hel$' "$examples/codecs"
expect codecs '^{"city":"Paris","days":2,"exact":true}$' "$examples/codecs"
expect both-dialects '^stop, 78 tokens$' "$examples/both-dialects" "$OLLAMA_HOST" tiny 'hello there'
expect guards '^stopped: more than 40 characters$' "$examples/guards" tiny 'hello there' 40
expect guards-left '^connections in use: 0$' "$examples/guards" tiny 'hello there' 40
printf '{"id":"a","prompt":"one"}\n{"id":"b","prompt":"two"}\n' >"$out/in.jsonl"
expect batch '^2 asked, 0 skipped, 0 failed$' "$examples/batch" tiny "$out/in.jsonl" "$out/out.jsonl" 2
expect batch-resumed '^0 asked, 2 skipped, 0 failed$' "$examples/batch" tiny "$out/in.jsonl" "$out/out.jsonl"
expect latency '^gap between tokens, ms  [0-9.]*  ' "$examples/latency" tiny 'hello there' 3

# What no recording has, from a server of canned answers.
mkfifo "$out/stop"
"$examples/fake-server" <"$out/stop" >"$out/fake" &
exec 3>"$out/stop"
until grep -q listening "$out/fake"; do sleep 0.05; done
OLLAMA_HOST=$(sed -n 's/^listening //p' "$out/fake")
expect both-dialects-v1 '^stop, 1 tokens$' "$examples/both-dialects" "$OLLAMA_HOST/v1" tiny 'hello there'
expect structured '^Ottawa is the capital of Canada$' "$examples/structured" tiny 'Canada?'
expect tools '^asked for the weather of Paris$' "$examples/tools" tiny 'Weather?'
expect tools-answer '^It is warm and sunny.$' "$examples/tools" tiny 'Weather?'
exec 3>&-
exit $failed
