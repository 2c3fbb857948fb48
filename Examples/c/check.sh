#!/bin/sh
# Checks what was built: chat needs nothing at run time, and neither it nor the library holds what an
# embedder must not get with it.
#
#     check.sh OUT RUNTIME HEADER      RUNTIME: the directory of Swift's static libraries
set -eu
out=$1 runtime=$2 header=$3
failed=0
fail() {
    echo "check.sh: $*" >&2
    failed=1
}

# What starts a symbol of Swift concurrency, libdispatch, Foundation, ICU, libcurl or OpenSSL; a
# mangled Swift name holds its module's name with its length in front.
concurrency='^(swift_task_|swift_job_|swift_async|\$sSc|\$s.*12_Concurrency)'
dispatch='^_?dispatch_'
foundation='^(\$s.*[0-9]Foundation|_?CF[A-Z]|NS[A-Z])'
icu='^(_Z.*icu_[0-9]|u(brk|case|cnv|col|dat|loc|norm|num|str)_)'
curl='^(curl_|Curl_)'
openssl='^(SSL_|EVP_|OPENSSL_)'

symbols() { nm --format=posix "$1" 2>/dev/null | cut -d ' ' -f 1; }

# The patterns have to find something where there is something.
control() {
    symbols "$runtime/$2" | grep -Eq "$1" || fail "the pattern for $2 finds nothing in it"
}
control "$concurrency" libswift_Concurrency.a
control "$dispatch" libdispatch.a
control "$foundation" libFoundationEssentials.a
control "$foundation" libCoreFoundation.a
control "$icu" lib_FoundationICU.a

for file in "$out/chat" "$out/libtokenwire.a"; do
    symbols "$file" >"$out/symbols"
    test "$(wc -l <"$out/symbols")" -gt 1000 || fail "cannot read the symbols of $file"
    for pattern in "$concurrency" "$dispatch" "$foundation" "$icu" "$curl" "$openssl"; do
        found=$(grep -E "$pattern" "$out/symbols" | head -n 3 | tr '\n' ' ')
        test -z "$found" || fail "$file holds $found"
    done
done

# Static: no interpreter to load it, no library needed.
readelf --wide --program-headers "$out/chat" | grep -q ' LOAD ' || fail "cannot read $out/chat"
if readelf --wide --program-headers --dynamic "$out/chat" | grep -E 'INTERP|NEEDED'; then
    fail "$out/chat is not static"
fi

# The library shows what the header declares, no more and no less.
nm --defined-only --extern-only --format=posix "$out/libtokenwire.a" 2>/dev/null |
    awk '$2 ~ /^[A-Z]$/ { print $1 }' | sort >"$out/shown"
sed -n 's/^[a-z].*[ *]\(tw_[a-z_]*\)(.*/\1/p' "$header" | sort >"$out/declared"
diff "$out/declared" "$out/shown" >&2 || fail "the library's names (>) are not the header's (<)"

exit $failed
