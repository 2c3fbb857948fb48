#!/bin/sh
# curl against a server: curl.sh BASE-URL. Prints what came of each call.
set -eu
base=$1
ask() { # PATH BODY
    curl -sS --fail-with-body -m 60 "$base$1" -d "$2"
}
chat='{"model":"tiny","messages":[{"role":"user","content":"hello there"}],"options":{"seed":1,"num_predict":12}'
echo "chat stream: $(ask /api/chat "$chat}" | grep -c '"done":false') records"
ask /api/chat "$chat}" | grep -q '"done":true'
echo "chat whole: $(ask /api/chat "$chat,\"stream\":false}" | grep -c '"done":true')"
ask /api/embed '{"model":"tiny-bert","input":"hello world"}' | grep -q '"embeddings":'
curl -sS --fail -m 60 "$base/api/tags" | grep -q '"models":'
curl -sS --fail -m 60 "$base/api/ps" | grep -q '"models":'
curl -sS --fail -m 60 -I "$base/" | grep -q '^HTTP/1.1 200'
# With a body that waits for 100 (Continue), and on one connection with the next.
curl -sS --fail -m 60 -H 'Expect: 100-continue' -d '{"model":"tiny"}' "$base/api/show" \
    --next -sS --fail -m 60 "$base/api/version" >/dev/null
echo "error: $(curl -sS -m 60 "$base/api/show" -d '{"model":"nope-xyz"}')"
